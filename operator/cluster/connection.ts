// The only file that imports @kubernetes/client-node, and what it is good for: kubeconfig, service accounts, token refresh,
// exec plugins. Its other parts have measured faults, so they are not used:
// - typed `patch` drops every field the client does not know (a new pod-template field vanishes): cluster/client.ts sends plain JSON;
// - the informer dies for good on one failed list or watch, `start()` resolves even so: watch/watcher.ts is our own;
// - `applySecurityAuthentication` makes a new connection pool for every request: here is one pool, and only headers are asked anew.
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';

export interface Connection {
  readonly server: URL;
  readonly dispatcher: Dispatcher;
  /** Asked for each request: tokens of service accounts rotate. */
  headers(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

interface TlsOptions {
  headers?: Record<string, string>;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  passphrase?: string;
  servername?: string;
  rejectUnauthorized?: boolean;
  auth?: string;
}

/** An empty path means what kubectl would take: KUBECONFIG, ~/.kube/config, else the pod's service account. */
export async function connect(kubeconfigPath: string): Promise<Connection> {
  const config = new KubeConfig();
  if (kubeconfigPath === '') config.loadFromDefault();
  else config.loadFromFile(kubeconfigPath);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(`no current context in ${kubeconfigPath || 'the default kubeconfig'}: set OPERATOR_KUBECONFIG`);
  }
  const { ca, cert, key, passphrase, servername, rejectUnauthorized } = await options(config);
  const tls = { ca, cert, key, passphrase, servername, rejectUnauthorized };
  const dispatcher = new Agent({
    connect: { ...Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)), timeout: 10_000 },
    headersTimeout: 60_000,
    // A quiet watch says nothing for minutes; watch/watcher.ts has its own idea of silence.
    bodyTimeout: 0,
    keepAliveTimeout: 60_000,
    // A real API server offers HTTP/2, and undici would take it: the bundle leaves that part out (dev/bundle.ts).
    allowH2: false,
  });
  return {
    server: new URL(cluster.server),
    dispatcher,
    async headers() {
      const { headers = {}, auth } = await options(config);
      const basic: Record<string, string> =
        auth === undefined ? {} : { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
      return { ...headers, ...basic };
    },
    close: () => dispatcher.destroy(),
  };
}

async function options(config: KubeConfig): Promise<TlsOptions> {
  const filled: TlsOptions = { headers: {} };
  await config.applyToHTTPSOptions(filled as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
  return filled;
}
