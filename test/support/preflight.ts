// What `npm test` runs first: the programs that the tests drive for real. Installs what is missing where it may (root on Debian),
// else says in one sentence what to install. It never starts a service and is not imported by any test.
import { spawnSync } from 'node:child_process';
import { installDebianPackages, mayInstallDebianPackages } from '../../dev/tools/debian-packages.ts';
import { hasRedisServer } from '../../dev/tools/redis-server.ts';

interface Need {
  readonly program: string;
  readonly debianPackages: readonly string[];
  readonly isPresent: () => boolean;
}

const succeeds = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const needs: readonly Need[] = [
  {
    program: 'redis-server',
    debianPackages: ['redis-server'],
    isPresent: hasRedisServer,
  },
  {
    program: 'python3 with requests and dataclasses_json',
    debianPackages: ['python3', 'python3-requests', 'python3-dataclasses-json'],
    // Debian's own python3 first: its packages are invisible to one in /usr/local.
    isPresent: () =>
      ['/usr/bin/python3', 'python3'].some((python) => succeeds(python, '-c', 'import requests, dataclasses_json')),
  },
  { program: 'promtool', debianPackages: ['prometheus'], isPresent: () => succeeds('promtool', '--version') },
  { program: 'curl', debianPackages: ['curl'], isPresent: () => succeeds('curl', '--version') },
  { program: 'openssl', debianPackages: ['openssl'], isPresent: () => succeeds('openssl', 'version') },
];

const isMissing = (need: Need): boolean => !need.isPresent();
const missing = needs.filter(isMissing);
if (missing.length > 0 && mayInstallDebianPackages()) {
  const packages = missing.flatMap((need) => need.debianPackages);
  process.stderr.write(`Installing what the tests drive: ${packages.join(' ')}\n`);
  installDebianPackages(packages);
}
const stillMissing = missing.filter(isMissing);
if (stillMissing.length > 0) {
  const programs = stillMissing.map((need) => need.program).join(', ');
  const packages = stillMissing.flatMap((need) => need.debianPackages).join(' ');
  process.stderr.write(`The tests need ${programs}: on Debian or Ubuntu, sudo apt-get install ${packages}\n`);
  process.exit(1);
}
