// The programs beside which the sidecar is measured: installed from Debian where we may, else named in one sentence.
import { spawnSync } from 'node:child_process';
import { installDebianPackages, mayInstallDebianPackages } from '../../dev/tools/debian-packages.ts';

const isThere = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;

/** Programs and the Debian package of each. */
type Packages = Readonly<Record<string, string>>;

export function installMissing(all: readonly Packages[]): void {
  const needed = Object.assign({ taskset: 'util-linux' }, ...all) as Packages;
  const missing = () => Object.entries(needed).filter(([program]) => !isThere(program));
  const packages = missing().map(([, name]) => name);
  if (packages.length > 0 && mayInstallDebianPackages()) {
    console.error(`Installing the peers: ${packages.join(' ')}`);
    installDebianPackages(packages);
  }
  const still = missing();
  if (still.length > 0) {
    const [programs, names] = [still.map(([program]) => program), still.map(([, name]) => name)];
    throw new Error(
      `The bench needs ${programs.join(', ')}: on Debian or Ubuntu, sudo apt-get install ${names.join(' ')}`,
    );
  }
}
