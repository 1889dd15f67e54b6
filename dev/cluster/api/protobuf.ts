// Request bodies in Kubernetes' protobuf form, which helm sends where it knows the kind: the Secrets in which it keeps its releases,
// and the options of deleting them. Decoded to JSON on arrival; everything else of the server knows JSON only. Answers are JSON,
// which such clients accept as well. The field numbers are those of the Kubernetes API's generated.proto files.

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

type Kind = 'text' | 'integer' | 'boolean' | 'base64' | 'time' | Message | { readonly mapOf: 'text' | 'base64' };
type Message = { readonly fields: Readonly<Record<number, readonly [name: string, kind: Kind, repeated?: 'list']>> };

const metadata: Message = {
  fields: {
    1: ['name', 'text'],
    2: ['generateName', 'text'],
    3: ['namespace', 'text'],
    5: ['uid', 'text'],
    6: ['resourceVersion', 'text'],
    8: ['creationTimestamp', 'time'],
    11: ['labels', { mapOf: 'text' }],
    12: ['annotations', { mapOf: 'text' }],
    14: ['finalizers', 'text', 'list'],
  },
};

const messages: Readonly<Record<string, Message>> = {
  Secret: {
    fields: {
      1: ['metadata', metadata],
      2: ['data', { mapOf: 'base64' }],
      3: ['type', 'text'],
      4: ['stringData', { mapOf: 'text' }],
      5: ['immutable', 'boolean'],
    },
  },
  DeleteOptions: {
    fields: {
      1: ['gracePeriodSeconds', 'integer'],
      2: ['preconditions', { fields: { 1: ['uid', 'text'], 2: ['resourceVersion', 'text'] } }],
      3: ['orphanDependents', 'boolean'],
      4: ['propagationPolicy', 'text'],
      5: ['dryRun', 'text', 'list'],
    },
  },
};

const unknown: Message = {
  fields: { 1: ['typeMeta', { fields: { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] } }], 2: ['raw', 'base64'] },
};

/** The body as JSON; undefined for a kind that is not in the table above, which the server then refuses with 415. */
export function jsonOfProtobuf(bytes: Buffer): string | undefined {
  // An envelope: four bytes "k8s\0", then runtime.Unknown, which names the kind and holds the object.
  if (bytes.subarray(0, 4).toString('latin1') !== 'k8s\0') return undefined;
  const envelope = decode(bytes.subarray(4), unknown);
  const { apiVersion, kind } = envelope.typeMeta as { readonly apiVersion: string; readonly kind: string };
  const message = messages[kind];
  if (message === undefined) return undefined;
  const object = decode(Buffer.from(String(envelope.raw ?? ''), 'base64'), message);
  return JSON.stringify({ apiVersion, kind, ...object });
}

function decode(bytes: Buffer, { fields }: Message): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const { number, value } of wireFields(bytes)) {
    const field = fields[number];
    if (field === undefined) continue;
    const [name, kind, repeated] = field;
    if (repeated === 'list')
      object[name] = [...((object[name] as unknown[] | undefined) ?? []), decodeValue(value, kind)];
    else if (typeof kind === 'object' && 'mapOf' in kind) {
      const entry = decode(value as Buffer, { fields: { 1: ['key', 'text'], 2: ['value', kind.mapOf] } });
      object[name] = { ...(object[name] as object | undefined), [String(entry.key ?? '')]: entry.value ?? '' };
    } else {
      const decoded = decodeValue(value, kind);
      // Go sends empty text and no time for fields that are not set.
      if (decoded !== '' && decoded !== null) object[name] = decoded;
    }
  }
  return object;
}

function decodeValue(value: bigint | Buffer, kind: Kind): unknown {
  if (typeof value === 'bigint') return kind === 'boolean' ? value !== 0n : Number(value);
  if (kind === 'text') return value.toString('utf8');
  if (kind === 'base64') return value.toString('base64');
  if (kind === 'time') {
    const { seconds } = decode(value, { fields: { 1: ['seconds', 'integer'] } });
    return seconds === undefined ? null : new Date(Number(seconds) * 1000).toISOString().replace('.000', '');
  }
  return decode(value, kind as Message);
}

function* wireFields(bytes: Buffer): Generator<{ readonly number: number; readonly value: bigint | Buffer }> {
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('the protobuf body ends in the middle of a number');
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    if ((key & 7) === 0) yield { number: key >> 3, value: varint() };
    else if ((key & 7) === 2) {
      const length = Number(varint());
      yield { number: key >> 3, value: bytes.subarray(at, at + length) };
      at += length;
    } else throw new RangeError(`the protobuf body has a field of wire type ${key & 7}`);
  }
}
