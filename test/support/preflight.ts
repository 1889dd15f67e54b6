// What `npm test` runs first: the programs that the tests drive for real. Installs what is missing where it may (root on Debian),
// else says in one sentence what to install. It never starts a service and is not imported by any test.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

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
    isPresent: () => succeeds('redis-server', '--version'),
  },
  {
    program: 'python3 with requests and dataclasses_json',
    debianPackages: ['python3', 'python3-requests', 'python3-dataclasses-json'],
    isPresent: () => succeeds('python3', '-c', 'import requests, dataclasses_json'),
  },
  { program: 'promtool', debianPackages: ['prometheus'], isPresent: () => succeeds('promtool', '--version') },
  { program: 'curl', debianPackages: ['curl'], isPresent: () => succeeds('curl', '--version') },
  { program: 'openssl', debianPackages: ['openssl'], isPresent: () => succeeds('openssl', 'version') },
];

const isMissing = (need: Need): boolean => !need.isPresent();
const missing = needs.filter(isMissing);
if (missing.length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
  installDebianPackages(missing.flatMap((need) => need.debianPackages));
}
const stillMissing = missing.filter(isMissing);
if (stillMissing.length > 0) {
  const programs = stillMissing.map((need) => need.program).join(', ');
  const packages = stillMissing.flatMap((need) => need.debianPackages).join(' ');
  process.stderr.write(`The tests need ${programs}: on Debian or Ubuntu, sudo apt-get install ${packages}\n`);
  process.exit(1);
}

function installDebianPackages(packages: readonly string[]): void {
  process.stderr.write(`Installing what the tests drive: ${packages.join(' ')}\n`);
  // Debian starts a package's service on installation; exit code 101 of this file is how one tells it not to.
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const options = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    } as const;
    spawnSync('apt-get', ['update', '-qq'], options);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
  } finally {
    if (isOurs) rmSync(policy);
  }
}
