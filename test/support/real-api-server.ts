// A real kube-apiserver with its etcd in the place of the stand-in, for whoever has the binaries (KUBEBUILDER_ASSETS, as envtest).
// Its audit log is the log of requests. There is no controller manager: controller-manager.ts does
// what our controllers leave.
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { loopbackCertificate, writeKubeconfig } from '../../dev/cluster/api/certificate.ts';
import { type LoggedRequest, RequestLog } from '../../dev/cluster/api/request-log.ts';
import { freePort } from '../../dev/tools/free-port.ts';
import { eventually } from './eventually.ts';

export interface RealApiServer {
  readonly kubeconfigPath: string;
  readonly requests: RequestLog;
  close(): Promise<void>;
}

export async function startRealApiServer(assets: string, directory: string): Promise<RealApiServer> {
  const [etcdPort, apiPort] = [await freePort(), await freePort()];
  const { key, cert } = await loopbackCertificate();
  const adminToken = randomBytes(16).toString('hex');
  const inside = (name: string) => join(directory, name);
  const write = (name: string, text: string) => writeFileSync(inside(name), text, { mode: 0o600 });
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 });
  write('accounts.key', accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  write('api.key', key);
  write('api.crt', cert);
  write('tokens.csv', `${adminToken},kubernetes-admin,kubernetes-admin,system:masters\n`);
  write('audit.yaml', auditPolicy);
  write('audit.log', '');
  const running: ChildProcess[] = [];
  const start = (program: string, flags: readonly string[]) =>
    running.push(startProgram(join(assets, program), flags, inside(`${program}.log`)));
  const close = async () => {
    for (const child of running.splice(0).reverse()) await stopProgram(child);
  };
  try {
    start('etcd', etcdFlags(inside('etcd'), etcdPort));
    start('kube-apiserver', apiServerFlags(inside, etcdPort, apiPort));
    const url = `https://127.0.0.1:${apiPort}`;
    await becomesReady(url, cert, adminToken, running);
    const kubeconfigPath = inside('kubeconfig');
    writeKubeconfig(kubeconfigPath, { url, certificate: cert, token: adminToken, user: 'kubernetes-admin' });
    const requests = new AuditedRequests(inside('audit.log'));
    return { kubeconfigPath, requests, close: () => close().then(() => requests.close()) };
  } catch (error) {
    await close();
    throw new Error(`no API server: ${tail(inside('kube-apiserver.log'))}`, { cause: error });
  }
}

const auditPolicy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{ level: Metadata }]
`;

function etcdFlags(data: string, port: number): readonly string[] {
  const url = `http://127.0.0.1:${port}`;
  const listen = [`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`];
  return [`--data-dir=${data}`, ...listen, '--listen-peer-urls=http://127.0.0.1:0', '--unsafe-no-fsync'];
}

function apiServerFlags(inside: (name: string) => string, etcdPort: number, port: number): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${inside('certificates')}`,
    `--tls-cert-file=${inside('api.crt')}`,
    `--tls-private-key-file=${inside('api.key')}`,
    `--token-auth-file=${inside('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--endpoint-reconciler-type=none',
    // Nobody takes the taint from a new node.
    '--disable-admission-plugins=TaintNodesByCondition',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${inside('accounts.key')}`,
    `--service-account-signing-key-file=${inside('accounts.key')}`,
    `--audit-policy-file=${inside('audit.yaml')}`,
    `--audit-log-path=${inside('audit.log')}`,
  ];
}

/** What the server wrote down of its requests: a watch when it begins, all others when they end. */
class AuditedRequests extends RequestLog {
  readonly #file: number;
  #rest = '';

  constructor(path: string) {
    super();
    this.#file = openSync(path, 'r');
  }

  override all(): readonly LoggedRequest[] {
    const lines = (this.#rest + this.#news()).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as AuditEvent;
      if ((event.verb === 'watch') === (event.stage === 'ResponseStarted')) this.add(logged(event));
    }
    return super.all();
  }

  override clear(): void {
    this.all();
    super.clear();
  }

  #news(): string {
    const chunks: Buffer[] = [];
    const chunk = Buffer.alloc(1 << 20);
    for (let length = readSync(this.#file, chunk); length > 0; length = readSync(this.#file, chunk))
      chunks.push(Buffer.from(chunk.subarray(0, length)));
    return Buffer.concat(chunks).toString();
  }

  close(): void {
    closeSync(this.#file);
  }
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
}

const methods: Readonly<Record<string, string>> = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

function logged(event: AuditEvent): LoggedRequest {
  return {
    method: methods[event.verb] ?? 'GET',
    path: event.requestURI,
    verb: event.verb,
    userAgent: event.userAgent ?? '',
    user: event.user.username ?? '',
    code: event.responseStatus?.code ?? 0,
    atMs: Date.parse(event.requestReceivedTimestamp),
  };
}

function startProgram(path: string, flags: readonly string[], logPath: string): ChildProcess {
  const log = openSync(logPath, 'w');
  const child = spawn(path, flags, { stdio: ['ignore', log, log] });
  closeSync(log);
  child.on('error', () => {});
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // Nothing of it is kept: an orderly end would only wait for its watches.
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function becomesReady(url: string, ca: string, token: string, running: readonly ChildProcess[]): Promise<void> {
  const dispatcher = new Agent({ connect: { ca } });
  const ended = Promise.race(running.map((child) => once(child, 'exit').then(() => 'ended' as const)));
  const ready = eventually(
    async () => {
      const answer = await request(`${url}/readyz`, { dispatcher, headers: { authorization: `Bearer ${token}` } });
      await answer.body.dump();
      return answer.statusCode === 200 ? ('ready' as const) : false;
    },
    { deadlineMs: 50_000, everyMs: 100 },
  );
  try {
    if ((await Promise.race([ready, ended])) === 'ended') throw new Error('etcd or kube-apiserver ended');
  } finally {
    ready.catch(() => {});
    await dispatcher.destroy();
  }
}

function tail(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-3).join(' | ');
  } catch {
    return 'it did not start';
  }
}
