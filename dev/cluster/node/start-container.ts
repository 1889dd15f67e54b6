// The start of one container as the kubelet brings it about: backoff, image, environment, process, postStart. Each step that fails
// leaves the container waiting with that step's reason and says when to try again. It decides nothing about order (plan.ts).
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EventType } from '../event-recorder.ts';
import type { Labels } from '../objects.ts';
import type { Container, Pod } from '../pod.ts';
import { type ContainerRecord, endOf, idOf, wholeSeconds } from './container.ts';
import { ContainerProcess, isExecutable } from './container-process.ts';
import { ConfigError, environmentOf, expand, type Lookup, type PodFacts } from './environment.ts';
import { commandLine, type Images } from './images.ts';
import { goDuration } from './retry-delay.ts';
import type { ImageEntry } from './settings.ts';
import { translate, withPodAddress } from './translation.ts';
import { mountsOf, workingDirOf } from './volumes.ts';

/** What the process runs in; `exec` probes and hooks run in the same. */
export type RunContext = { readonly env: Labels; readonly cwd: string; readonly translate: (text: string) => string };

export type Start = {
  readonly pod: Pod;
  readonly podDir: string;
  readonly facts: PodFacts;
  readonly lookup: Lookup;
  readonly links: Labels;
  readonly devices: Labels;
  readonly hosts: { readonly [name: string]: string };
  readonly services: (text: string) => string;
  readonly images: Images;
  readonly tell: (type: EventType, reason: string, message: string) => void;
  readonly signal: AbortSignal;
  /** The end of the run before, where the kubelet killed it itself and starts it again in the same breath. */
  readonly isRestartAfterKill: boolean;
};
export type Started = { readonly context: RunContext } | { readonly retryAt: number };

export async function startContainer(record: ContainerRecord, how: Start): Promise<Started> {
  const waitUntil = crashWait(record, how);
  if (waitUntil > 0) return { retryAt: waitUntil };
  const pulled = await how.images.ensure(how.pod.metadata.uid, record.spec, how.tell, how.signal);
  if (!('image' in pulled)) {
    record.waiting = { reason: pulled.reason, message: pulled.message };
    return { retryAt: pulled.retryAt };
  }
  try {
    refuseRoot(how.pod, record.spec, pulled.image);
    return run(record, pulled.image, how);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    record.waiting = { reason: 'CreateContainerConfigError', message: error.message };
    how.tell('Warning', 'Failed', `Error: ${error.message}`);
    return { retryAt: Date.now() + 1_000 };
  }
}

/** 0 when it may start now. The kubelet counts from the last end that it knows of when it decides. */
function crashWait(record: ContainerRecord, how: Start): number {
  const end = how.isRestartAfterKill ? record.lastTerminated : endOf(record);
  const endedAt =
    record.process?.exit && !how.isRestartAfterKill
      ? Date.parse(record.process.exit.at)
      : Date.parse(end?.finishedAt ?? '');
  if (!end || Number.isNaN(endedAt)) return 0;
  const until = record.crashDelay.waitUntil(endedAt, Date.now());
  if (until === 0) {
    record.crashDelay.next(endedAt, Date.now());
    return 0;
  }
  const { name, namespace, uid } = how.pod.metadata;
  const pod = `${name}_${namespace}(${uid})`;
  const delay = goDuration(record.crashDelay.delayMs);
  record.waiting = {
    reason: 'CrashLoopBackOff',
    message: `back-off ${delay} restarting failed container=${record.spec.name} pod=${pod}`,
  };
  how.tell('Warning', 'BackOff', `Back-off restarting failed container ${record.spec.name} in pod ${pod}`);
  return until;
}

function refuseRoot(pod: Pod, container: Container, image: ImageEntry): void {
  const rules = { ...pod.spec.securityContext, ...container.securityContext };
  const { name, namespace, uid } = pod.metadata;
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  if (!rules.runAsNonRoot) return;
  if (rules.runAsUser === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
  if (rules.runAsUser === undefined && image.runsAsRoot)
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}

function run(record: ContainerRecord, image: ImageEntry, how: Start): Started {
  const { spec } = record;
  const containerDir = join(how.podDir, 'containers', spec.name);
  rmSync(containerDir, { recursive: true, force: true });
  mkdirSync(join(containerDir, 'tmp'), { recursive: true });
  const context = contextOf(spec, containerDir, image, how);
  const expanded = (text: string): string => context.translate(expand(text, context.env));
  const command = commandLine(image, (spec.command ?? []).map(expanded), (spec.args ?? []).map(expanded));
  beginRun(record);
  how.tell('Normal', 'Created', 'Container created');
  const [program = ''] = command;
  if (!isExecutable(program, context.env.PATH ?? '', context.cwd)) return failStart(record, program, how);
  record.process = new ContainerProcess(command, context.env, context.cwd);
  how.tell('Normal', 'Started', 'Container started');
  return { context };
}

function contextOf(spec: Container, containerDir: string, image: ImageEntry, how: Start): RunContext {
  const mounts = mountsOf(spec, how.podDir, containerDir, how.pod);
  const by = { podIP: how.facts.podIP, mounts, hosts: how.hosts, services: how.services };
  const declared = environmentOf(how.pod, spec, how.facts, how.lookup, how.links);
  const translated = Object.fromEntries(Object.entries(declared).map(([name, value]) => [name, translate(value, by)]));
  const own = Object.entries(image.env ?? {}).map(([name, value]) => [name, withPodAddress(value, how.facts.podIP)]);
  const env = {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: containerDir,
    TMPDIR: join(containerDir, 'tmp'),
    HOSTNAME: how.pod.spec.hostname ?? how.pod.metadata.name,
    HOST: how.facts.podIP,
    SIDECAR_HOST: how.facts.podIP,
    ...Object.fromEntries(own),
    ...how.devices,
    ...translated,
  };
  const inPod = (text: string): string => image.programs?.[text] ?? translate(text, by);
  return { env, cwd: workingDirOf(spec, mounts, containerDir), translate: inPod };
}

function beginRun(record: ContainerRecord): void {
  record.lastTerminated = endOf(record) ?? record.lastTerminated;
  record.previous = record.process ?? record.previous;
  record.runs += 1;
  record.process = undefined;
  record.failedStart = undefined;
  record.waiting = undefined;
  record.failedProbe = undefined;
  record.isUp = false;
  record.isReadyByProbe = false;
  record.isStartedByProbe = false;
  record.imageAtStart = record.spec.image;
}

function failStart(record: ContainerRecord, program: string, how: Start): Started {
  const message =
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ' +
    `error during container init: exec: "${program}": executable file not found in $PATH: unknown`;
  const at = wholeSeconds(new Date().toISOString());
  record.failedStart = {
    exitCode: 128,
    reason: 'StartError',
    message,
    startedAt: '1970-01-01T00:00:00Z',
    finishedAt: at,
    containerID: idOf(record),
  };
  record.waiting = { reason: 'RunContainerError', message };
  how.tell('Warning', 'Failed', `Error: ${message}`);
  return { retryAt: Date.now() + 100 };
}
