// The forwarding path of a standard IP router, ARP aside: the Ethernet address of each output's next hop is known. An Input and an Output
// for each interface, and `routes`, are declared behind this text (router.ts).

elementclass Input { $device |
    FromDevice($device) -> kind :: Classifier(12/0800, -);
    kind[0] -> Strip(14) -> CheckIPHeader -> output;
    kind[1] -> Discard;
}

elementclass Output { $device, $from, $to |
    input -> DropBroadcasts -> ttl :: DecIPTTL -> EtherEncap(0x0800, $from, $to) -> Queue(1000) -> to :: ToDevice($device);
    ttl[1] -> Discard;
}
