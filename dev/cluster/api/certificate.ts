// A fresh self-signed certificate for 127.0.0.1, and the kubeconfig file that trusts it.
import { writeFileSync } from 'node:fs';
import { generate } from 'selfsigned';
import { stringify } from 'yaml';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export async function loopbackCertificate(): Promise<Certificate> {
  const pems = await generate([{ name: 'commonName', value: 'kubernetes' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // A clock that was set back a little must not make the certificate one of the future.
    notBeforeDate: new Date(Date.now() - 3_600_000),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
          { type: 2, value: 'kubernetes.default.svc' },
        ],
      },
    ],
  });
  return { key: pems.private, cert: pems.cert };
}

export interface KubeconfigEntry {
  readonly url: string;
  readonly certificate: string;
  readonly token: string;
  readonly user: string;
  readonly namespace?: string;
}

export function kubeconfig({ url, certificate, token, user, namespace }: KubeconfigEntry): string {
  const name = 'loopback';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      { name, cluster: { server: url, 'certificate-authority-data': Buffer.from(certificate).toString('base64') } },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name, context: { cluster: name, user, ...(namespace === undefined ? {} : { namespace }) } }],
  });
}

export function writeKubeconfig(path: string, entry: KubeconfigEntry): void {
  writeFileSync(path, kubeconfig(entry), { mode: 0o600 });
}
