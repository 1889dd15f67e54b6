// What the agent remembers of one container of one pod: its present run, how earlier ones ended, what its probes said. The pod worker
// is the only one that changes it.
import type { Container, ContainerState, Pod, TerminatedState } from '../pod.ts';
import type { ContainerProcess, Exit } from './container-process.ts';
import type { ContainerView, Role } from './plan.ts';
import type { ProbeWorker } from './probe-worker.ts';
import { RetryDelay } from './retry-delay.ts';
import type { Backoff } from './settings.ts';

export type ContainerRecord = {
  spec: Container;
  readonly role: Role;
  /** Runs begun so far; the present or last one has this number. */
  runs: number;
  process: ContainerProcess | undefined;
  previous: ContainerProcess | undefined;
  imageAtStart: string;
  /** The run is up for probes: postStart is over. */
  isUp: boolean;
  isReadyByProbe: boolean;
  isStartedByProbe: boolean;
  failedProbe: 'liveness' | 'startup' | undefined;
  /** Overrides what the process says: reasons of waiting. */
  waiting: { readonly reason: string; readonly message?: string } | undefined;
  /** Ends of runs that never were a process (StartError). */
  failedStart: TerminatedState | undefined;
  lastTerminated: TerminatedState | undefined;
  readonly crashDelay: RetryDelay;
  readonly probes: ProbeWorker[];
};

export function newRecord(spec: Container, role: Role, isBehindInit: boolean, backoff: Backoff): ContainerRecord {
  return {
    spec,
    role,
    runs: 0,
    process: undefined,
    previous: undefined,
    imageAtStart: spec.image,
    isUp: false,
    isReadyByProbe: false,
    isStartedByProbe: false,
    failedProbe: undefined,
    waiting: { reason: isBehindInit ? 'PodInitializing' : 'ContainerCreating' },
    failedStart: undefined,
    lastTerminated: undefined,
    crashDelay: new RetryDelay(backoff),
    probes: [],
  };
}

export function recordsOf(pod: Pod, backoff: Backoff): ContainerRecord[] {
  const inits = pod.spec.initContainers ?? [];
  const hasInits = inits.length > 0;
  return [
    ...inits.map((spec) => newRecord(spec, spec.restartPolicy === 'Always' ? 'sidecar' : 'init', true, backoff)),
    ...pod.spec.containers.map((spec) => newRecord(spec, 'main', hasInits, backoff)),
  ];
}

export const isRunning = (record: ContainerRecord): boolean =>
  record.process !== undefined && record.process.exit === undefined;

export const isStarted = (record: ContainerRecord): boolean =>
  isRunning(record) && record.isUp && (record.spec.startupProbe === undefined || record.isStartedByProbe);

export function isReady(record: ContainerRecord): boolean {
  if (record.role === 'init') return endOf(record)?.exitCode === 0;
  return isStarted(record) && (record.spec.readinessProbe === undefined || record.isReadyByProbe);
}

export function endOf(record: ContainerRecord): TerminatedState | undefined {
  if (record.failedStart) return record.failedStart;
  const { process } = record;
  return process?.exit ? terminated(process, process.exit, record) : undefined;
}

/** What the kubelet takes of a log for a termination message. */
const MOST_MESSAGE_LINES = 80;
const MOST_MESSAGE_BYTES = 2048;

function terminated(process: ContainerProcess, exit: Exit, record: ContainerRecord): TerminatedState {
  const isTold = record.spec.terminationMessagePolicy === 'FallbackToLogsOnError' && exit.exitCode !== 0;
  const message = isTold ? process.log.tail(MOST_MESSAGE_LINES, MOST_MESSAGE_BYTES) : '';
  return {
    exitCode: exit.exitCode,
    reason: exit.reason,
    ...(message === '' ? {} : { message }),
    startedAt: wholeSeconds(process.startedAt),
    finishedAt: wholeSeconds(exit.at),
    containerID: idOf(record),
  };
}

export function stateOf(record: ContainerRecord): ContainerState {
  if (record.waiting && !isRunning(record)) return { waiting: record.waiting };
  const end = endOf(record);
  if (end) return { terminated: end };
  if (record.process) return { running: { startedAt: wholeSeconds(record.process.startedAt) } };
  return { waiting: { reason: 'ContainerCreating' } };
}

/** While a container waits for its restart the run that ended is the last one; once it runs again, the one before. */
export function lastStateOf(record: ContainerRecord): ContainerState {
  const end = endOf(record);
  if (record.waiting && end) return { terminated: end };
  return record.lastTerminated ? { terminated: record.lastTerminated } : {};
}

export function viewOf(record: ContainerRecord): ContainerView {
  const end = endOf(record);
  return {
    name: record.spec.name,
    role: record.role,
    phase: end ? 'exited' : record.process ? 'running' : 'new',
    ...(end ? { exitCode: end.exitCode } : {}),
    isStarted: isStarted(record),
    ...(record.failedProbe ? { failedProbe: record.failedProbe } : {}),
    isChanged: isRunning(record) && record.imageAtStart !== record.spec.image,
  };
}

export const idOf = (record: ContainerRecord): string => `loopback://${record.process?.pid ?? 0}-${record.runs}`;

export const wholeSeconds = (time: string): string => `${time.slice(0, 19)}Z`;
