"""A line of hosts in Mininet, timed by itself: `mininet.py bridges|direct N`. Prints {"up": s, "down": s, "pinged": true} as JSON.

bridges: each link is a switch of Mininet's class LinuxBridge with a link to either host, as the agent makes it: a bridge and two vifs.
direct: each link is one veth pair between the two hosts, the least that Mininet makes of it.
Neither the start of Python nor the pings count.
"""

import json
import sys
import time

from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge


def addresses(link):
    subnet = "10.%d.%d." % (link >> 14, (link >> 6) & 255)
    first = (link & 63) * 4
    return subnet + str(first + 1), subnet + str(first + 2)


def build(form, count):
    net = Mininet(switch=LinuxBridge, controller=None, build=False)
    hosts = [net.addHost("n%d" % number, ip=None) for number in range(count)]
    for number in range(count - 1):
        left, right = ({"ip": address + "/30"} for address in addresses(number))
        if form == "direct":
            net.addLink(hosts[number], hosts[number + 1], params1=left, params2=right)
        else:
            switch = net.addSwitch("s%d" % number)
            net.addLink(hosts[number], switch, params1=left)
            net.addLink(switch, hosts[number + 1], params2=right)
    net.build()
    net.start()
    return net


def pings(net, number):
    answer = net.hosts[number].cmd("ping -n -c 1 -W 10 " + addresses(number)[1])
    return " 0% packet loss" in answer


def main():
    form, count = sys.argv[1], int(sys.argv[2])
    setLogLevel("error")
    began = time.monotonic()
    net = build(form, count)
    built = time.monotonic()
    pinged = pings(net, 0) and pings(net, count - 2)
    ending = time.monotonic()
    net.stop()
    ended = time.monotonic()
    print(json.dumps({"up": built - began, "down": ended - ending, "pinged": pinged}))


main()
