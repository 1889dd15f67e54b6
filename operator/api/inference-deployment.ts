// Generated from crds/inferencedeployment.yaml by crds/generate.ts; do not edit.
// An InferenceDeployment as the API server returns it: fields with a default are always there.
import type {ObjectMeta} from './kubernetes.ts';

/**
 * A model container served with a concurrency limit, a fair queue, asynchronous requests, streaming and health checks.
 */
export interface InferenceDeployment {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: InferenceDeploymentSpec;
  readonly status?: InferenceDeploymentStatus;
}
export interface InferenceDeploymentSpec {
  /**
   * The model container, with the fields of a Kubernetes container. Most set only image and port.
   */
  readonly container: {
    /**
     * Image of the model server, for example vllm/vllm-openai:v0.11.0.
     */
    readonly image: string;
    /**
     * Port on which the container serves HTTP/1.1. Only the sidecar talks to it.
     */
    readonly port: number;
    /**
     * Replaces the image's entrypoint.
     */
    readonly command?: string[];
    /**
     * Replaces the image's arguments.
     */
    readonly args?: string[];
    /**
     * Working directory of the process.
     */
    readonly workingDir?: string;
    /**
     * Environment variables.
     */
    readonly env?: {
      readonly name: string;
      /**
       * Text; $(NAME) of an earlier variable is expanded.
       */
      readonly value?: string;
      /**
       * Where the value comes from instead. One of the four.
       */
      readonly valueFrom?: {
        readonly secretKeyRef?: {
          /**
           * Secret in the same namespace.
           */
          readonly name: string;
          readonly key: string;
          readonly optional?: boolean;
        };
        readonly configMapKeyRef?: {
          /**
           * ConfigMap in the same namespace.
           */
          readonly name: string;
          readonly key: string;
          readonly optional?: boolean;
        };
        readonly fieldRef?: {
          readonly apiVersion?: string;
          /**
           * For example metadata.name.
           */
          readonly fieldPath: string;
        };
        readonly resourceFieldRef?: {
          readonly containerName?: string;
          /**
           * For example limits.memory.
           */
          readonly resource: string;
          /**
           * Unit of the value, for example 1Mi.
           */
          readonly divisor?: number | string;
        };
      };
    }[];
    /**
     * Secrets and ConfigMaps whose every entry becomes an environment variable.
     */
    readonly envFrom?: {
      readonly prefix?: string;
      readonly secretRef?: {
        readonly name: string;
        readonly optional?: boolean;
      };
      readonly configMapRef?: {
        readonly name: string;
        readonly optional?: boolean;
      };
    }[];
    /**
     * CPU, memory and other resources. GPUs are set in spec.gpu.
     */
    readonly resources?: {
      readonly limits?: {
        [k: string]: number | string;
      };
      readonly requests?: {
        [k: string]: number | string;
      };
    };
    /**
     * Where volumes of spec.volumes appear in the container.
     */
    readonly volumeMounts?: {
      /**
       * Name of a volume in spec.volumes.
       */
      readonly name: string;
      readonly mountPath: string;
      readonly subPath?: string;
      readonly subPathExpr?: string;
      readonly readOnly?: boolean;
      readonly recursiveReadOnly?: 'Disabled' | 'IfPossible' | 'Enabled';
      readonly mountPropagation?: 'None' | 'HostToContainer' | 'Bidirectional';
    }[];
    readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
    /**
     * Privileges of the model container.
     */
    readonly securityContext?: {
      readonly allowPrivilegeEscalation?: boolean;
      readonly privileged?: boolean;
      readonly readOnlyRootFilesystem?: boolean;
      readonly runAsNonRoot?: boolean;
      readonly runAsUser?: number;
      readonly runAsGroup?: number;
      readonly procMount?: string;
      readonly capabilities?: {
        readonly add?: string[];
        readonly drop?: string[];
      };
      readonly seccompProfile?: {
        readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
        readonly localhostProfile?: string;
      };
      readonly appArmorProfile?: {
        readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
        readonly localhostProfile?: string;
      };
      readonly seLinuxOptions?: {
        readonly level?: string;
        readonly role?: string;
        readonly type?: string;
        readonly user?: string;
      };
    };
  };
  /**
   * GPUs of each replica.
   */
  readonly gpu: {
    /**
     * GPUs per replica; 0 runs on CPU only.
     */
    readonly count: number;
    /**
     * Extended resource to ask for; a MIG slice is nvidia.com/mig-1g.10gb.
     */
    readonly resource: string;
    /**
     * GPU models that will do, as in the node label nvidia.com/gpu.product (NVIDIA-H100-80GB-HBM3); none means any.
     */
    readonly products?: string[];
    /**
     * Size of /dev/shm (16Gi), which tensor-parallel models need; it counts as memory of the container. Left out, the container runtime's 64Mi.
     */
    readonly sharedMemory?: number | string;
  };
  /**
   * Requests inside one replica at a time, synchronous and asynchronous together; the rest wait in order.
   */
  readonly concurrency: number;
  /**
   * How a change replaces pods. Surge starts a new one first and needs free GPUs; Recreate takes one down first, and waiting requests wait; Auto surges if the GPUs for it are free, and status.rollout says what was chosen and why.
   */
  readonly rollout: 'Auto' | 'Surge' | 'Recreate';
  /**
   * How the container says that it can take requests.
   */
  readonly healthCheck: {
    /**
     * false: a container that runs is taken for healthy.
     */
    readonly enabled: boolean;
    /**
     * Path that answers 200; a JSON body may say status ok, ready, healthy, running, up or busy.
     */
    readonly path: string;
    /**
     * Port of the health path; left out, spec.container.port.
     */
    readonly port?: number;
    /**
     * Time between two probes.
     */
    readonly periodSeconds: number;
    /**
     * Time one probe may take.
     */
    readonly timeoutSeconds: number;
    /**
     * Timeouts or refused connections in a row that make a container unready.
     */
    readonly failureThreshold: number;
    /**
     * Time a container may take to load its model before it is restarted.
     */
    readonly startupTimeoutSeconds: number;
  };
  /**
   * Pods to run. The scale subresource points here, so kubectl scale, HPA and KEDA work.
   */
  readonly replicas: number;
  /**
   * The line in front of the container, and accepted asynchronous requests.
   */
  readonly queue: {
    /**
     * Waiting plus inference up to the response headers; after it a request has expired.
     */
    readonly requestTtlSeconds: number;
    /**
     * Waiting synchronous requests per replica, and waiting asynchronous requests per deployment; over it 429.
     */
    readonly maxLength: number;
    /**
     * How long a finished asynchronous request and its result are kept.
     */
    readonly resultTtlSeconds: number;
    /**
     * Largest body of an asynchronous request, and largest stored result; at most 512Mi.
     */
    readonly maxBodyBytes: number | string;
    /**
     * Bytes that this deployment may keep in the store, requests and results together, so that it cannot fill a store shared with others; over it 429. Left out, as much as the store takes.
     */
    readonly maxStoredBytes?: number | string;
    /**
     * Tries of an asynchronous request whose container gave no response.
     */
    readonly maxAttempts: number;
    /**
     * Where accepted requests are kept. redis: the one the operator was installed with, shared by all replicas; embedded: a file in the only pod. A change takes nothing along: let the queue run empty first.
     */
    readonly store: 'redis' | 'embedded';
    /**
     * A volume for the embedded store, so that accepted requests outlive the pod.
     */
    readonly persistence?: {
      /**
       * Size of the claim, for example 10Gi.
       */
      readonly size: number | string;
      /**
       * Left out, the cluster's default; with volumeName, none.
       */
      readonly storageClassName?: string;
      /**
       * ReadWriteOncePod needs a CSI driver and keeps a second pod from the file. ReadWriteOnce is for volumes that know no other mode, such as static ones; there only the rollout keeps pods apart, so delete no pod by force.
       */
      readonly accessMode: 'ReadWriteOncePod' | 'ReadWriteOnce';
      /**
       * A PersistentVolume that is there already, to be bound to; its access modes must hold accessMode.
       */
      readonly volumeName?: string;
    };
  };
  /**
   * Completion notices by X-Inference-Webhook.
   */
  readonly webhooks?: {
    /**
     * Secret with signing secrets (Standard Webhooks), one an entry; all of them sign.
     */
    readonly secretName?: string;
    /**
     * Hosts that a request may name; none means that webhooks are refused.
     */
    readonly allowedHosts?: {
      /**
       * Name or IP address, in lower case, without port, brackets or wildcard.
       */
      readonly host: string;
      /**
       * It may lead to an address inside, such as that of a Service.
       */
      readonly allowPrivate: boolean;
    }[];
  };
  /**
   * Which web pages may send requests and read the answers. The sidecar answers their preflights and writes the CORS headers of every answer, in the place of the container's. Left out, CORS is the container's matter.
   */
  readonly cors?: {
    /**
     * Origins of the pages, like https://app.example.com, or * for any. Pages send an API key in Authorization; cookies are not allowed.
     */
    readonly allowedOrigins: string[];
    /**
     * Request headers that those pages may send; left out, any.
     */
    readonly allowedHeaders?: string[];
    /**
     * Response headers of the container that those pages may read, beside the sidecar's own.
     */
    readonly exposedHeaders?: string[];
    /**
     * How long a browser may remember the answer to a preflight.
     */
    readonly maxAgeSeconds: number;
  };
  /**
   * Who may call. Left out, everyone who can reach the Service.
   */
  readonly auth?: {
    /**
     * Secret with API keys, one an entry; read again when it changes.
     */
    readonly secretName: string;
  };
  /**
   * How long a pod that goes may finish its requests; left out, spec.queue.requestTtlSeconds.
   */
  readonly shutdownGraceSeconds?: number;
  /**
   * The proxy in front of the container; left out, as the operator was installed.
   */
  readonly sidecar?: {
    readonly image?: string;
    readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
    readonly resources?: {
      readonly limits?: {
        [k: string]: number | string;
      };
      readonly requests?: {
        [k: string]: number | string;
      };
    };
  };
  /**
   * Secrets of the image registries.
   */
  readonly imagePullSecrets?: {
    readonly name: string;
  }[];
  /**
   * Volumes of the pod, as in a Kubernetes pod.
   */
  readonly volumes?: {
    readonly name: string;
    [k: string]: unknown;
  }[];
  /**
   * Labels a node must have.
   */
  readonly nodeSelector?: {
    [k: string]: string;
  };
  /**
   * Taints the pods bear, beside that of the GPU resource.
   */
  readonly tolerations?: {
    readonly key?: string;
    readonly operator?: 'Exists' | 'Equal' | 'Lt' | 'Gt';
    readonly value?: string;
    readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
    readonly tolerationSeconds?: number;
  }[];
  /**
   * Affinity, as in a Kubernetes pod; a choice of GPU products is added to it.
   */
  readonly affinity?: Readonly<Record<string, unknown>>;
  /**
   * How pods spread, as in a Kubernetes pod; the label inference-operator.dev/name selects those of this deployment.
   */
  readonly topologySpreadConstraints?: Readonly<Record<string, unknown>>[];
  readonly priorityClassName?: string;
  readonly runtimeClassName?: string;
  readonly serviceAccountName?: string;
  /**
   * Further labels of the pods.
   */
  readonly podLabels?: {
    [k: string]: string;
  };
  /**
   * Further annotations of the pods.
   */
  readonly podAnnotations?: {
    [k: string]: string;
  };
  /**
   * An Ingress with rules for /<name>, /status/<name> and /result/<name>.
   */
  readonly ingress?: {
    /**
     * Host name, for example models.example.com.
     */
    readonly host: string;
    /**
     * IngressClass; left out, the cluster's default.
     */
    readonly className?: string;
    /**
     * For its controller, which may cut what takes long or is large: ingress-nginx ends answers after 60 s of silence and refuses bodies over 1 MiB unless nginx.ingress.kubernetes.io/proxy-read-timeout and proxy-body-size say otherwise.
     */
    readonly annotations?: {
      [k: string]: string;
    };
    /**
     * TLS for the host.
     */
    readonly tls?: {
      /**
       * Secret with the certificate; left out, the ingress controller's default.
       */
      readonly secretName?: string;
    };
  };
  /**
   * Zero pods; accepted requests stay in the queue.
   */
  readonly paused: boolean;
}
/**
 * Written by the operator only.
 */
export interface InferenceDeploymentStatus {
  /**
   * What the deployment is doing, in one word.
   */
  readonly phase?:
    | 'Initializing'
    | 'ImagePulling'
    | 'Healthy'
    | 'Degraded'
    | 'Unhealthy'
    | 'Paused'
    | 'QuotaReached'
    | 'Updating'
    | 'Terminating';
  /**
   * Ready replicas of those wanted, as 1/2.
   */
  readonly ready?: string;
  /**
   * The generation of spec that this status speaks of.
   */
  readonly observedGeneration?: number;
  /**
   * Pods there are.
   */
  readonly replicas?: number;
  /**
   * Pods that take requests.
   */
  readonly readyReplicas?: number;
  /**
   * Label selector of the pods, for autoscalers.
   */
  readonly selector?: string;
  /**
   * Address inside the cluster.
   */
  readonly url?: string;
  /**
   * Requests that wait, synchronous and asynchronous.
   */
  readonly queued?: number;
  /**
   * Requests inside containers.
   */
  readonly inFlight?: number;
  /**
   * Age of the oldest waiting asynchronous request.
   */
  readonly oldestQueuedSeconds?: number;
  /**
   * What the next step waits for, such as GPUs, ImagePull, ModelLoading or Drain.
   */
  readonly waitingFor?: string;
  /**
   * Of the condition that is wrong, else of Available.
   */
  readonly message?: string;
  /**
   * How the last change of the pods was or is being rolled out.
   */
  readonly rollout?: {
    /**
     * The choice.
     */
    readonly strategy?: 'Surge' | 'Recreate';
    /**
     * Why.
     */
    readonly reason?: string;
  };
  readonly conditions?: {
    readonly type: string;
    readonly status: 'True' | 'False' | 'Unknown';
    readonly observedGeneration?: number;
    readonly lastTransitionTime: string;
    readonly reason: string;
    readonly message: string;
  }[];
}
