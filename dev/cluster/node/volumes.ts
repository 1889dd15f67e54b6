// A pod's volumes as real directories: emptyDir, secret, configMap, projected, downwardAPI, claims, hostPath. Files of Secrets and
// ConfigMaps are swapped all at once behind a `..data` link, as the kubelet does it, so that a watching program sees the same.
// Where a container finds them is translation.ts.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync as readFile,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Labels } from '../objects.ts';
import type { Container, DownwardItem, KeyToPath, Pod, Volume } from '../pod.ts';
import { fieldOf, type Lookup, type PodFacts } from './environment.ts';
import { hostPathOf, type Mounted } from './translation.ts';

/** A volume that cannot be set up (yet): FailedMount, and the pod waits. */
export class MountError extends Error {}

export type VolumeSources = Lookup & { readonly claim: (name: string) => string | undefined; readonly facts: PodFacts };
type Files = { readonly [path: string]: Buffer };

/** Makes or refreshes all volumes; throws MountError where one is not possible. */
export function setUpVolumes(pod: Pod, podDir: string, sources: VolumeSources): void {
  for (const volume of pod.spec.volumes ?? []) setUp(pod, volume, join(podDir, 'volumes', volume.name), sources);
}

function setUp(pod: Pod, volume: Volume, dir: string, sources: VolumeSources): void {
  const files = filesOf(pod, volume, sources);
  if (files) writeAtOnce(dir, files);
  else if (volume.persistentVolumeClaim) {
    const claim = volume.persistentVolumeClaim.claimName;
    const kept = sources.claim(claim);
    if (!kept)
      throw new MountError(
        `MountVolume.SetUp failed for volume "${volume.name}" : persistentvolumeclaim "${claim}" not found`,
      );
    mkdirSync(kept, { recursive: true });
    mkdirSync(dirname(dir), { recursive: true });
    if (!existsSync(dir)) symlinkSync(kept, dir);
  } else if (volume.hostPath) {
    mkdirSync(dirname(dir), { recursive: true });
    if (!existsSync(dir)) symlinkSync(volume.hostPath.path, dir);
  } else mkdirSync(dir, { recursive: true });
}

function filesOf(pod: Pod, volume: Volume, sources: VolumeSources): Files | undefined {
  if (volume.secret) return secretFiles(volume.name, { ...volume.secret, name: volume.secret.secretName }, sources);
  if (volume.configMap) return configMapFiles(volume.name, volume.configMap, sources);
  if (volume.downwardAPI) return downwardFiles(pod, volume.downwardAPI.items ?? [], sources);
  if (!volume.projected) return undefined;
  const parts = (volume.projected.sources ?? []).map((source) => {
    if (source.secret) return secretFiles(volume.name, source.secret, sources);
    if (source.configMap) return configMapFiles(volume.name, source.configMap, sources);
    return source.downwardAPI ? downwardFiles(pod, source.downwardAPI.items ?? [], sources) : {};
  });
  return Object.assign({}, ...parts);
}

type Source = { readonly name: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean };

function secretFiles(volume: string, source: Source, sources: VolumeSources): Files {
  const found = sources.secret(source.name);
  if (!found && !source.optional)
    throw new MountError(`MountVolume.SetUp failed for volume "${volume}" : secret "${source.name}" not found`);
  return pick(
    volume,
    source,
    mapValues(found?.data ?? {}, (value) => Buffer.from(value, 'base64')),
  );
}

function configMapFiles(volume: string, source: Source, sources: VolumeSources): Files {
  const found = sources.configMap(source.name);
  if (!found && !source.optional)
    throw new MountError(`MountVolume.SetUp failed for volume "${volume}" : configmap "${source.name}" not found`);
  const text = mapValues(found?.data ?? {}, (value) => Buffer.from(value));
  return pick(volume, source, {
    ...text,
    ...mapValues(found?.binaryData ?? {}, (value) => Buffer.from(value, 'base64')),
  });
}

function downwardFiles(pod: Pod, items: readonly DownwardItem[], sources: VolumeSources): Files {
  return Object.fromEntries(
    items.map((item) => [
      item.path,
      Buffer.from(fieldOf(pod, item.fieldRef?.fieldPath ?? 'metadata.name', sources.facts)),
    ]),
  );
}

function pick(volume: string, source: Source, all: Files): Files {
  if (!source.items) return all;
  const chosen = source.items.flatMap(({ key, path }): [string, Buffer][] => {
    const value = all[key];
    if (value === undefined && !source.optional) {
      throw new MountError(
        `MountVolume.SetUp failed for volume "${volume}" : references non-existent secret key: ${key}`,
      );
    }
    return value === undefined ? [] : [[path, value]];
  });
  return Object.fromEntries(chosen);
}

const mapValues = (map: Labels, to: (value: string) => Buffer): Files =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, to(value)]));

/** `key` -> `..data/key`, `..data` -> `..<time>`: one rename changes all files at once. */
function writeAtOnce(dir: string, files: Files): void {
  mkdirSync(dir, { recursive: true });
  const data = join(dir, '..data');
  const before = existsSync(data) ? readlinkSync(data) : undefined;
  if (before && isSame(join(dir, before), files)) return;
  const fresh = `..${new Date().toISOString().replace(/[:.]/g, '_')}`;
  for (const [path, content] of Object.entries(files)) {
    const target = join(dir, fresh, normalize(`/${path}`));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  mkdirSync(join(dir, fresh), { recursive: true });
  symlinkSync(fresh, `${data}_tmp`);
  renameSync(`${data}_tmp`, data);
  const tops = new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''));
  for (const top of tops) if (!existsSync(join(dir, top))) symlinkSync(join('..data', top), join(dir, top));
  for (const entry of readdirSync(dir)) {
    if (!entry.startsWith('..') && !tops.has(entry)) rmSync(join(dir, entry), { force: true });
  }
  if (before) rmSync(join(dir, before), { recursive: true, force: true });
}

function isSame(dir: string, files: Files): boolean {
  const names = existsSync(dir)
    ? readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    : [];
  return (
    names.length === Object.keys(files).length &&
    Object.entries(files).every(([path, content]) => {
      const file = join(dir, normalize(`/${path}`));
      return existsSync(file) && content.equals(readFile(file));
    })
  );
}

/** Where each mount of a container is. A subPath of a Secret is a copy that never changes again, as in a real pod. */
export function mountsOf(container: Container, podDir: string, containerDir: string, pod: Pod): readonly Mounted[] {
  return (container.volumeMounts ?? []).map((mount) => {
    const volumeDir = join(podDir, 'volumes', mount.name);
    if (!mount.subPath) return { mountPath: mount.mountPath, hostPath: volumeDir };
    const inside = join(volumeDir, normalize(`/${mount.subPath}`));
    const volume = pod.spec.volumes?.find((entry) => entry.name === mount.name);
    if (!volume?.secret && !volume?.configMap && !volume?.projected) {
      if (!existsSync(inside)) mkdirSync(inside, { recursive: true });
      return { mountPath: mount.mountPath, hostPath: inside };
    }
    const copy = join(containerDir, '.subpaths', mount.name, normalize(`/${mount.subPath}`));
    mkdirSync(dirname(copy), { recursive: true });
    if (existsSync(inside)) cpSync(inside, copy, { recursive: true, dereference: true });
    return { mountPath: mount.mountPath, hostPath: copy };
  });
}

/** The directory a container's process starts in: empty at each start, as a container's own file system is. */
export function workingDirOf(container: Container, mounts: readonly Mounted[], containerDir: string): string {
  const dir = container.workingDir ? hostPathOf(container.workingDir, mounts, containerDir) : containerDir;
  if (!existsSync(dir) || !statSync(dir).isDirectory()) mkdirSync(dir, { recursive: true });
  return dir;
}
