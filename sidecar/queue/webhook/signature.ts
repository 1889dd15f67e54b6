// The signature of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id, timestamp and body, one for each
// secret, so that a receiver can change secrets without a gap. Pure but for the reading of the secrets.
import { createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `whsec_` and base64, as the standard writes secrets; any other text counts as it stands. */
export function keyOf(secret: string): Buffer {
  const text = secret.trim();
  return text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text);
}

/** Value of `webhook-signature`; empty without keys. */
export function signatureOf(keys: readonly Buffer[], id: string, timestampSeconds: number, body: string): string {
  const signed = `${id}.${timestampSeconds}.${body}`;
  return keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`).join(' ');
}

/** One secret a file, as a mounted Secret lays them out. Read for each delivery: they may be changed at any time. */
export async function readKeys(directory: string): Promise<readonly Buffer[]> {
  if (directory === '') return [];
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory()).map(({ name }) => name);
  const texts = await Promise.all(names.sort().map((name) => readFile(join(directory, name), 'utf8')));
  return texts.filter((text) => text.trim() !== '').map(keyOf);
}
