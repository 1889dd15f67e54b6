// Why a container is down, or was before it was started again: who ended it, with what it said last, and which field would have helped. Pure.
import { constants } from 'node:os';
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { Reason } from '../api/conditions.ts';
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import type { ContainerStatus } from '../api/kubernetes.ts';

export type PodReason = Extract<
  Reason,
  | 'Starting'
  | 'ImagePulling'
  | 'ModelLoading'
  | 'InsufficientGPUs'
  | 'Unschedulable'
  | 'VolumeUnavailable'
  | 'ImagePullFailed'
  | 'ContainerConfigError'
  | 'MountFailed'
  | 'CrashLooping'
  | 'OutOfMemory'
  | 'HealthCheckFailing'
  | 'StartupTimedOut'
  | 'StoreUnreachable'
  | 'PodFailed'
>;

/** The probe whose failure made the kubelet end a container: its exit code tells nothing of that. */
export type ProbeKill = 'startup' | 'liveness';

interface Trouble {
  readonly reason: PodReason;
  readonly message: string;
}

const imageErrors = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
  'ImageInspectError',
]);
const configErrors = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

/** Empty for one that runs, or is about to for the first time. */
export function containerTrouble(status: ContainerStatus, kill: ProbeKill | undefined): readonly Trouble[] {
  const waiting = status.state?.waiting;
  const reason = waiting?.reason ?? '';
  const words = waiting?.message ?? reason;
  if (imageErrors.has(reason)) return [{ reason: 'ImagePullFailed', message: `container ${status.name}: ${words}` }];
  if (configErrors.has(reason))
    return [{ reason: 'ContainerConfigError', message: `container ${status.name}: ${words}` }];
  const ended = lastEnd(status);
  const isDown = status.state?.running === undefined && ended !== undefined;
  if (isDown && ended.reason === 'OOMKilled') {
    return [
      { reason: 'OutOfMemory', message: `container ${status.name} was killed for want of memory ${times(status)}` },
    ];
  }
  if (reason === 'CrashLoopBackOff' || isDown) {
    const message = `container ${status.name} ended ${times(status)}: ${endOf(status, kill)}`;
    return [{ reason: kill === undefined ? 'CrashLooping' : 'HealthCheckFailing', message }];
  }
  return [];
}

/** One that listens has a wrong health path or is not well; of one that does not listen nobody knows but that its time was over. */
export function startupTimedOut(
  status: ContainerStatus,
  {
    spec,
    stats,
  }: { readonly spec: Pick<InferenceDeploymentSpec, 'healthCheck'>; readonly stats: SidecarStats | undefined },
): Trouble {
  const { startupTimeoutSeconds } = spec.healthCheck;
  const start = `the container was not healthy within healthCheck.startupTimeoutSeconds (${startupTimeoutSeconds}), so it was killed; it has ended ${times(status)}`;
  const said = stats?.containerSaid;
  if (said) {
    const message = `${start}. Its health path answered last: ${said}. Correct healthCheck.path or port, or raise startupTimeoutSeconds if that was only too early`;
    return { reason: 'HealthCheckFailing', message };
  }
  const answer = stats?.containerAnswer ? ` (${stats.containerAnswer})` : '';
  const message = `${start}. It did not answer its health path${answer}. Raise startupTimeoutSeconds if it needs longer to load, or correct container.port${lastLines(status)}`;
  return { reason: 'StartupTimedOut', message };
}

const lastEnd = ({ state, lastState }: ContainerStatus) => state?.terminated ?? lastState?.terminated;

/** A container that is down has ended once more than it was started again. */
export const times = ({ restartCount, state }: ContainerStatus): string => {
  const ends = restartCount + (state?.running === undefined ? 1 : 0);
  return ends <= 1 ? 'once' : ends === 2 ? 'twice' : `${ends} times`;
};

const killedWords: Readonly<Record<ProbeKill, string>> = {
  startup: 'killed when healthCheck.startupTimeoutSeconds was over',
  liveness:
    'killed because it did not answer its health path any more (how much silence is too much, healthCheck.failureThreshold and timeoutSeconds say)',
};

/** How its last run ended, and with what words where it has left any. */
export function endOf(status: ContainerStatus, kill: ProbeKill | undefined): string {
  const ended = lastEnd(status);
  if (ended === undefined) return 'for an unknown reason';
  if (kill !== undefined) return `${killedWords[kill]}${lastLines(status)}`;
  const signal = signalNames.get(ended.exitCode - 128);
  const code = `exit code ${ended.exitCode}${signal === undefined ? '' : ` (${signal})`}`;
  const reason = ended.reason === undefined || ended.reason === 'Error' ? '' : `, ${ended.reason}`;
  return `${code}${reason}${lastLines(status)}`;
}

/** A shell's way to tell of a signal, and the kubelet's. */
const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

const MOST_LINES = 10;
const MOST_CHARACTERS = 1_000;

/** The last line beside the rest, several below it; of a line of JSON, as the sidecar logs, what it says, unless it was about something else. */
function lastLines(status: ContainerStatus): string {
  const lines = (lastEnd(status)?.message ?? '').trimEnd().split('\n').slice(-MOST_LINES);
  const last = lines.at(-1) ?? '';
  const words = last.startsWith('{') ? wordsOfJson(last) : lines.join('\n').slice(-MOST_CHARACTERS);
  if (!words?.trim()) return '';
  return words.includes('\n') ? `. Its last lines:\n${words}` : `, ${words}`;
}

function wordsOfJson(line: string): string | undefined {
  try {
    const { level, msg, err } = JSON.parse(line) as { level?: unknown; msg?: unknown; err?: { message?: unknown } };
    return level === 'info' || level === 'debug' ? undefined : String(err?.message ?? msg ?? line);
  } catch {
    return line;
  }
}
