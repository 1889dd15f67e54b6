// What an InferenceDeployment may ask of the cluster: the chart's `policy`, as the operator reads it. The defaults are what is typical for
// GPU models and no more than Pod Security "baseline"; rules.ts says what each of them is about.

export interface Policy {
  readonly allowPrivileged: boolean;
  readonly allowPrivilegeEscalation: boolean;
  /** Seccomp and AppArmor off, SELinux options of one's own, an unmasked /proc. */
  readonly allowUnconfined: boolean;
  readonly allowCapabilities: readonly string[];
  readonly allowVolumeTypes: readonly string[];
  /** Folders of nodes, with all that is below them. */
  readonly allowHostPaths: readonly string[];
  readonly allowServiceAccounts: readonly string[];
  readonly allowSidecarImages: readonly string[];
  readonly allowRuntimeClasses: readonly string[];
  readonly allowPriorityClasses: readonly string[];
  readonly allowTolerations: readonly string[];
  readonly allowIngressAnnotations: readonly string[];
  readonly allowPodAnnotations: readonly string[];
}

/** The capabilities that Pod Security "baseline" lets a container add. */
const BASELINE_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

export const restrictedPolicy: Policy = {
  allowPrivileged: false,
  allowPrivilegeEscalation: false,
  allowUnconfined: false,
  allowCapabilities: BASELINE_CAPABILITIES,
  allowVolumeTypes: [
    'configMap',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'image',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ],
  allowHostPaths: [],
  allowServiceAccounts: [],
  allowSidecarImages: [],
  allowRuntimeClasses: ['nvidia'],
  allowPriorityClasses: [],
  allowTolerations: [],
  allowIngressAnnotations: [
    'cert-manager.io/cluster-issuer',
    'cert-manager.io/issuer',
    'nginx.ingress.kubernetes.io/proxy-body-size',
    'nginx.ingress.kubernetes.io/proxy-read-timeout',
    'nginx.ingress.kubernetes.io/proxy-send-timeout',
  ],
  allowPodAnnotations: [],
};

/** From JSON; what is left out is restricted. Throws an Error whose message completes "OPERATOR_POLICY must ...". */
export function parsePolicy(text: string): Policy {
  const given: unknown = text === '' ? {} : parseJson(text);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error('be a JSON object');
  for (const [key, value] of Object.entries(given)) {
    const fallback = (restrictedPolicy as unknown as Readonly<Record<string, unknown>>)[key];
    if (fallback === undefined)
      throw new Error(`hold no "${key}": known are ${Object.keys(restrictedPolicy).join(', ')}`);
    const fits = Array.isArray(fallback) ? isTextList(value) : typeof value === 'boolean';
    if (!fits) throw new Error(`hold ${Array.isArray(fallback) ? 'a list of texts' : 'true or false'} as "${key}"`);
  }
  return { ...restrictedPolicy, ...given };
}

/** Entries are whole names, or end in `*`, which stands for any rest. */
export const isListed = (list: readonly string[], name: string): boolean =>
  list.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry));

const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('be JSON');
  }
}
