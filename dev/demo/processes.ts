// Which processes of this machine belong to a pod of the loopback cluster: those whose environment names the pod's address.
// The demo needs it to kill a sidecar as a crash would, and to see that none is left. Linux only, as the cluster is.
import { readdirSync, readFileSync } from 'node:fs';

export interface PodProcess {
  readonly pid: number;
  readonly isSidecar: boolean;
}

export function processesOfPod(podIP: string): readonly PodProcess[] {
  const found: PodProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const variables = environmentOf(pid);
    if (!variables.some((variable) => mentions(variable, podIP))) continue;
    found.push({ pid, isSidecar: variables.some((variable) => variable.startsWith('SIDECAR_NAME=')) });
  }
  return found;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // Gone in the meantime, or another user's.
    return [];
  }
}

/** 127.1.0.1 is not mentioned in 127.1.0.12. */
function mentions(variable: string, address: string): boolean {
  const at = variable.indexOf(address);
  return at >= 0 && !/[\d.]/.test(variable.charAt(at + address.length));
}
