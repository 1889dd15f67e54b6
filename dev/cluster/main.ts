// npm run cluster: a cluster on loopback with fake GPU nodes, until Ctrl-C. Writes a kubeconfig and says what to type.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hostName } from './host-name.ts';
import { startCluster } from './start.ts';

const usage = `npm run cluster [-- flags]

  A stand-in for a Kubernetes cluster on this machine, for development: the real kubectl works with it, pods are local
  processes, nodes have GPUs that do not exist. State is in memory and gone when it ends.

  --nodes <2>                nodes
  --gpus <1>                 nvidia.com/gpu of each node
  --product <name>           their nvidia.com/gpu.product (NVIDIA-H100-80GB-HBM3)
  --port <free>              port of the API server
  --kubeconfig <path>        where to write the kubeconfig; a temporary file unless given
`;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '2' },
    gpus: { type: 'string', default: '1' },
    product: { type: 'string' },
    port: { type: 'string', default: '0' },
    kubeconfig: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

function wholeNumber(flag: 'nodes' | 'gpus' | 'port'): number {
  if (/^\d+$/.test(values[flag])) return Number(values[flag]);
  process.stderr.write(`--${flag} must be a whole number, not "${values[flag]}"\n`);
  process.exit(2);
}

const gpus = { count: wholeNumber('gpus'), ...(values.product && { product: values.product }) };
const cluster = await startCluster({
  nodes: Array.from({ length: wholeNumber('nodes') }, (_, index) => ({ name: `gpu-node-${index + 1}`, gpus })),
  port: wholeNumber('port'),
  ...(values.kubeconfig && { kubeconfigPath: resolve(values.kubeconfig) }),
  onError: (part, key, error) => {
    process.stderr.write(
      `${new Date().toISOString()} ${part} ${key}: ${error instanceof Error ? error.stack : error}\n`,
    );
  },
});
process.stdout.write(`A cluster on loopback is up: ${cluster.url}

  export KUBECONFIG=${cluster.kubeconfigPath}
  kubectl get nodes
  kubectl apply -f crds/inferencedeployment.yaml
  OPERATOR_KUBECONFIG=$KUBECONFIG OPERATOR_SIDECAR_IMAGE=inference-operator/sidecar npm run operator

Pods reach programs on this machine by the name ${hostName}. Ctrl-C ends it.
`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    cluster.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${error}\n`);
        process.exit(1);
      },
    );
  });
}
