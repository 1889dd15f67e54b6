// What a node agent is told: who it is, which images it has, how long its seconds are. The defaults are the kubelet's; tests shorten
// them. Nothing here reads the environment.
import type { Labels, Quantities, Taint } from '../objects.ts';

/** What stands for an image on this machine. The first entry that matches counts; an image without one cannot be pulled. */
export type ImageEntry = {
  /** `inference-operator/sidecar` matches that repository in any registry and with any tag; or a RegExp over the whole reference. */
  readonly match: string | RegExp;
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Labels;
  /** Programs of the real image that its pods name by their path, and what stands for each. */
  readonly programs?: Labels;
  /** The container's `command` or `args` are meant for the real image and would not suit the local program. */
  readonly ignoreCommand?: boolean;
  readonly ignoreArgs?: boolean;
  /** An image of this table counts as already pulled unless it says how long pulling takes. */
  readonly pullMs?: number;
  /** The image's user is root: refused where the pod says runAsNonRoot. */
  readonly runsAsRoot?: boolean;
};

export type Backoff = { readonly initialMs: number; readonly maxMs: number };

export type Timings = {
  /** Length of a second in probe periods and initial delays; timeouts are in real ones. */
  readonly probeSecondMs: number;
  /** Length of a second in grace periods and `sleep` hooks. */
  readonly graceSecondMs: number;
  readonly crashBackoff: Backoff;
  readonly imageBackoff: Backoff;
  readonly mountBackoff: Backoff;
  /** How soon a changed Secret or ConfigMap reaches mounted files: the kubelet's sync period, up to a minute and more. */
  readonly volumeRefreshMs: number;
  readonly leaseRenewMs: number;
  readonly leaseDurationSeconds: number;
};

export const kubeletTimings: Timings = {
  probeSecondMs: 1_000,
  graceSecondMs: 1_000,
  crashBackoff: { initialMs: 10_000, maxMs: 300_000 },
  imageBackoff: { initialMs: 10_000, maxMs: 300_000 },
  mountBackoff: { initialMs: 500, maxMs: 122_000 },
  volumeRefreshMs: 60_000,
  leaseRenewMs: 10_000,
  leaseDurationSeconds: 40,
};

export type NodeSettings = {
  readonly kubeconfig: string;
  readonly name: string;
  readonly images: readonly ImageEntry[];
  readonly gpus?: { readonly count: number; readonly product?: string; readonly resource?: string };
  readonly labels?: Labels;
  readonly taints?: readonly Taint[];
  readonly allocatable?: Quantities;
  /** Names that pods may use for programs outside the cluster, such as a Redis on this machine, and where they really are. */
  readonly hosts?: { readonly [name: string]: string };
  /** Where pods' directories and claims live; a temporary directory, removed at the end, when not given. */
  readonly stateDir?: string;
  /** Where the data of claims lives, for all nodes of a cluster; below stateDir when not given. */
  readonly claimsDir?: string;
  readonly timings?: Partial<Timings>;
  /** Told of what goes wrong inside the agent; every pod is tried again in any case. */
  readonly onError?: (pod: string, error: unknown) => void;
};

export const gpuResource = (settings: NodeSettings): string => settings.gpus?.resource ?? 'nvidia.com/gpu';
