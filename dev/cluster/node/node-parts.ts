// What all pod workers of one node share. Made once by start.ts.
import type { ClusterClient } from '../client.ts';
import type { Recorder } from '../event-recorder.ts';
import type { Labels } from '../objects.ts';
import type { Pod } from '../pod.ts';
import type { WatchCache } from '../watch-cache.ts';
import type { AddressRange } from './addresses.ts';
import type { Devices } from './devices.ts';
import type { Lookup } from './environment.ts';
import type { Images } from './images.ts';
import type { Timings } from './settings.ts';

export type NodeParts = {
  readonly nodeName: string;
  readonly client: ClusterClient;
  readonly pods: WatchCache<Pod>;
  readonly recorder: Recorder;
  readonly addresses: AddressRange;
  readonly devices: Devices;
  readonly images: Images;
  readonly timings: Timings;
  readonly hosts: { readonly [name: string]: string };
  /** Makes the names of Services in a text reachable. */
  readonly services: (text: string) => string;
  readonly stateDir: string;
  readonly lookup: (pod: Pod) => Lookup;
  readonly links: (pod: Pod) => Labels;
  /** The directory behind a claim of the pod's namespace, undefined while there is no such claim. */
  readonly claimDir: (pod: Pod) => (claim: string) => string | undefined;
  readonly onError: (pod: string, error: unknown) => void;
};
