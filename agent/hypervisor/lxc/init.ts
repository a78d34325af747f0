/**
 * Process 1 of a container, a script for any POSIX shell. It reaps orphans (dash's and bash's wait collect every child), lets the start-up
 * command run once the agent has configured the interfaces, and never ends by itself: a node whose command ended goes on, as a machine
 * whose service ended does. It ends at SIGTERM, which libvirt sends to every process of the container; without a trap process 1 would not
 * notice, and libvirt wait 1.6 seconds before it kills. The console has no reader, so the command's words go to a file.
 */
import { join } from 'node:path'

/** Where the control directory is inside: read-only, out of the guest's hands. */
export const controlInside = '/weft'

/** Files of the control directory. */
export const controlFiles = {
  init: 'init',
  hostname: 'hostname',
  startUp: 'start-up',
  /** Made by the agent when the interfaces are configured. */
  released: 'released',
} as const

export const startUpLog = '/var/log/start-up.log'

const inside = (file: keyof typeof controlFiles): string => join(controlInside, controlFiles[file])

export const initCommand: readonly [string, ...string[]] = ['/bin/sh', inside('init')]

/** The path that Debian gives to root. */
export const guestPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export const initScript = (): string => `# Process 1 of a node.
export PATH=${guestPath} HOME=/root
cd /root
hostname "$(cat ${inside('hostname')})"
trap 'exit 0' TERM

tries=0
until [ -e ${inside('released')} ]; do
  tries=$((tries + 1))
  if [ $tries -lt 200 ]; then sleep 0.05; else sleep 0.5; fi
done

if [ -s ${inside('startUp')} ]; then
  {
    setsid sh ${inside('startUp')} </dev/null >${startUpLog} 2>&1 ||
      echo "start-up: exit status $?" >>${startUpLog}
  } &
fi

while :; do
  sleep 2147483647 &
  wait $!
done
`
