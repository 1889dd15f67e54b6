// From flags and environment to the sidecar's settings, and what follows from them.
import { helpText, readSettings } from '../runtime/settings.ts';
import { SETTINGS_PREFIX, type SidecarSettings, sidecarSettings } from './contract.ts';
import { memoryBudgetBytes, type ProcessMemory, processMemory } from './process-memory.ts';

/** Throws a SettingsError that names each mistake. The memory budget is given in full where the setting leaves it to the process. */
export function readSidecarSettings(
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
  memory: ProcessMemory = processMemory(),
): SidecarSettings {
  const settings = readSettings(SETTINGS_PREFIX, sidecarSettings, env, argv);
  return { ...settings, memoryBudgetBytes: memoryBudgetBytes(settings, memory) };
}

export function usage(): string {
  const about = 'The inference sidecar: a reverse proxy in front of one model container.';
  const call = 'sidecar --name NAME [--upstream http://127.0.0.1:8000] [flags]';
  return helpText(about, call, SETTINGS_PREFIX, sidecarSettings);
}

/** Address of the container's health path; undefined where it is off. */
export function healthUrlOf({ upstream, healthPath, healthPort }: SidecarSettings): string | undefined {
  if (healthPath === '') return undefined;
  const url = new URL(upstream);
  if (healthPort !== 0) url.port = String(healthPort);
  // Not resolved: `//host/x` would be another host's.
  return `${url.origin}${healthPath}`;
}
