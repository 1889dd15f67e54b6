// Starts the API server of the cluster on loopback: HTTPS on 127.0.0.1 and a kubeconfig file. A development tool: state is in
// memory and gone with the process. Controllers, node agents and the operator reach it over HTTP only, like any real one.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kubelet } from '../kubelet.ts';
import { Api } from './api.ts';
import { loopbackCertificate, writeKubeconfig } from './certificate.ts';
import { Faults } from './faults.ts';
import { createListener } from './http-listener.ts';
import { RequestLog } from './request-log.ts';

export interface ApiServerOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Where to write the kubeconfig; a temporary folder unless given. */
  readonly kubeconfigPath?: string;
  /** Changes kept for watches, per resource; older revisions are answered 410. */
  readonly historyLength?: number;
  readonly nowMs?: () => number;
}

export interface ApiServer {
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly certificate: string;
  readonly adminToken: string;
  readonly requests: RequestLog;
  readonly faults: Faults;
  /** A token with which a service account is known; what it may do is what roles and bindings say. */
  tokenFor(namespace: string, serviceAccount: string): string;
  /** Writes a kubeconfig of that service account beside the admin's. */
  kubeconfigFor(namespace: string, serviceAccount: string): string;
  /** Makes a kubelet of this process known, so that `kubectl logs` finds it; the answer forgets it again. */
  addKubelet(node: string, kubelet: Kubelet): () => void;
  /** Forgets the history, so that every watch from an older revision is answered 410. */
  compact(): void;
  close(): Promise<void>;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const nowMs = options.nowMs ?? Date.now;
  const { key, cert } = await loopbackCertificate();
  const faults = new Faults();
  const requests = new RequestLog();
  const api = new Api({
    address: '127.0.0.1:0',
    certificate: cert,
    historyLength: options.historyLength ?? 5000,
    nowMs,
  });
  const authenticate = (headers: IncomingHttpHeaders) => {
    const user = api.identity.userOf(headers.authorization);
    return api.identity.impersonated(user, one(headers['impersonate-user']), one(headers['impersonate-group']));
  };
  const { adminToken } = api.identity;
  const listener = createListener({ key, cert }, { api, faults, log: requests, authenticate, nowMs });
  const connections = new Set<Socket>();
  listener.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  listener.listen(options.port ?? 0, '127.0.0.1');
  await once(listener, 'listening');
  const url = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const folder = options.kubeconfigPath === undefined ? mkdtempSync(join(tmpdir(), 'loopback-cluster-')) : undefined;
  const kubeconfigPath = options.kubeconfigPath ?? join(folder!, 'kubeconfig');
  writeKubeconfig(kubeconfigPath, { url, certificate: cert, token: adminToken, user: 'kubernetes-admin' });
  return {
    url,
    kubeconfigPath,
    certificate: cert,
    adminToken,
    requests,
    faults,
    tokenFor: (namespace, account) => api.identity.tokenFor(namespace, account),
    kubeconfigFor: (namespace, account) => {
      const path = `${kubeconfigPath}.${namespace}.${account}`;
      writeKubeconfig(path, {
        url,
        certificate: cert,
        token: api.identity.tokenFor(namespace, account),
        user: account,
        namespace,
      });
      return path;
    },
    addKubelet: (node, kubelet) => {
      api.kubelets.set(node, kubelet);
      return () => api.kubelets.delete(node);
    },
    compact: () => api.store.compact(),
    close: async () => {
      faults.clear();
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
