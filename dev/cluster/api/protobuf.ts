// Kubernetes protobuf bodies, decoded to plain objects: some of kubectl's commands (`create namespace`, `auth can-i`, `create token`)
// and helm (the Secrets of its releases, the options of deleting) send nothing else. Only the small kinds they send; any other is answered 415, upon which people use `-o yaml | kubectl apply`.
import type { Fields } from './objects.ts';

type Kind = 'text' | 'bytes' | 'int' | 'bool' | 'time' | 'labels' | 'data' | Message;

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly isList?: true;
}

type Message = { readonly [number: number]: Field };

const text = (name: string): Field => ({ name, kind: 'text' });
const texts = (name: string): Field => ({ name, kind: 'text', isList: true });
const of = (name: string, kind: Kind): Field => ({ name, kind });
const listOf = (name: string, kind: Kind): Field => ({ name, kind, isList: true });

const OWNER: Message = {
  1: text('kind'),
  3: text('name'),
  4: text('uid'),
  5: text('apiVersion'),
  6: of('controller', 'bool'),
  7: of('blockOwnerDeletion', 'bool'),
};

const METADATA: Message = {
  1: text('name'),
  2: text('generateName'),
  3: text('namespace'),
  5: text('uid'),
  6: text('resourceVersion'),
  7: of('generation', 'int'),
  8: of('creationTimestamp', 'time'),
  11: of('labels', 'labels'),
  12: of('annotations', 'labels'),
  13: listOf('ownerReferences', OWNER),
  14: texts('finalizers'),
};

const metadata = of('metadata', METADATA);
const RULE: Message = {
  1: texts('verbs'),
  2: texts('apiGroups'),
  3: texts('resources'),
  4: texts('resourceNames'),
  5: texts('nonResourceURLs'),
};
const ROLE: Message = { 1: metadata, 2: listOf('rules', RULE) };
const SUBJECT: Message = { 1: text('kind'), 2: text('apiGroup'), 3: text('name'), 4: text('namespace') };
const BINDING: Message = {
  1: metadata,
  2: listOf('subjects', SUBJECT),
  3: of('roleRef', { 1: text('apiGroup'), 2: text('kind'), 3: text('name') }),
};
const ATTRIBUTES: Message = {
  1: text('namespace'),
  2: text('verb'),
  3: text('group'),
  4: text('version'),
  5: text('resource'),
  6: text('subresource'),
  7: text('name'),
};
const REFERENCE: Message = { 1: text('kind'), 2: text('apiVersion'), 3: text('name'), 4: text('uid') };

const KINDS: Readonly<Record<string, Message>> = {
  Namespace: { 1: metadata, 2: of('spec', { 1: texts('finalizers') }) },
  ConfigMap: { 1: metadata, 2: of('data', 'labels'), 3: of('binaryData', 'data'), 4: of('immutable', 'bool') },
  Secret: {
    1: metadata,
    2: of('data', 'data'),
    3: text('type'),
    4: of('stringData', 'labels'),
    5: of('immutable', 'bool'),
  },
  DeleteOptions: {
    1: of('gracePeriodSeconds', 'int'),
    2: of('preconditions', { 1: text('uid'), 2: text('resourceVersion') }),
    3: of('orphanDependents', 'bool'),
    4: text('propagationPolicy'),
    5: texts('dryRun'),
  },
  ServiceAccount: {
    1: metadata,
    3: listOf('imagePullSecrets', { 1: text('name') }),
    4: of('automountServiceAccountToken', 'bool'),
  },
  SelfSubjectReview: { 1: metadata },
  SelfSubjectAccessReview: {
    1: metadata,
    2: of('spec', {
      1: of('resourceAttributes', ATTRIBUTES),
      2: of('nonResourceAttributes', { 1: text('path'), 2: text('verb') }),
    }),
  },
  TokenRequest: {
    1: metadata,
    2: of('spec', { 1: texts('audiences'), 3: of('boundObjectRef', REFERENCE), 4: of('expirationSeconds', 'int') }),
  },
  Role: ROLE,
  ClusterRole: ROLE,
  RoleBinding: BINDING,
  ClusterRoleBinding: BINDING,
};

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const ENVELOPE: Message = { 1: of('typeMeta', { 1: text('apiVersion'), 2: text('kind') }), 2: of('raw', 'bytes') };

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || shift > 63n) throw new Error('the protobuf body ends too early');
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return BigInt.asIntN(64, value);
    }
  }

  bytes(): Buffer {
    const length = Number(this.varint());
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw new Error('the protobuf body ends too early');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.bytes();
    else if (wireType === 1 || wireType === 5) this.#at += wireType === 1 ? 8 : 4;
    else throw new Error(`wire type ${wireType} is not known`);
  }
}

function decodeMessage(bytes: Buffer, message: Message): Fields {
  const reader = new Reader(bytes);
  const result: Fields = {};
  while (!reader.isAtEnd) {
    const tag = Number(reader.varint());
    const field = message[tag >> 3];
    if (field === undefined) reader.skip(tag & 7);
    else add(result, field, decodeValue(reader, tag & 7, field.kind));
  }
  return result;
}

function decodeValue(reader: Reader, wireType: number, kind: Kind): unknown {
  if (wireType === 0) {
    const value = reader.varint();
    return kind === 'bool' ? value !== 0n : Number(value);
  }
  const bytes = reader.bytes();
  if (kind === 'bytes') return bytes;
  if (kind === 'text') return bytes.toString('utf8');
  if (kind === 'time') return timestamp(bytes);
  if (kind === 'labels') return entry(bytes, 'text');
  if (kind === 'data') return entry(bytes, 'bytes');
  return decodeMessage(bytes, kind as Message);
}

function timestamp(bytes: Buffer): string | undefined {
  const { seconds } = decodeMessage(bytes, { 1: of('seconds', 'int') });
  return typeof seconds === 'number' && seconds > 0
    ? `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
    : undefined;
}

function entry(bytes: Buffer, kind: 'text' | 'bytes'): Fields {
  const { key, value } = decodeMessage(bytes, { 1: text('key'), 2: of('value', kind) });
  return {
    [String(key ?? '')]:
      kind === 'bytes' ? Buffer.from((value as Buffer | undefined) ?? '').toString('base64') : (value ?? ''),
  };
}

function add(result: Fields, { name, kind, isList }: Field, value: unknown): void {
  // Go writes empty strings and zero times of single fields; to the JSON side they are absent. In a list, '' is an entry: the core group.
  if (value === undefined || (value === '' && isList !== true)) return;
  if (isList === true) result[name] = [...((result[name] as unknown[] | undefined) ?? []), value];
  else if (kind === 'labels' || kind === 'data')
    result[name] = { ...(result[name] as Fields | undefined), ...(value as Fields) };
  else result[name] = value;
}

/** The body as an object with apiVersion and kind, or undefined for a kind that is not in the table. */
export function decodeProtobuf(body: Buffer): Fields | undefined {
  if (!body.subarray(0, 4).equals(MAGIC)) throw new Error('the protobuf body does not begin as one of Kubernetes');
  const envelope = decodeMessage(body.subarray(4), ENVELOPE);
  const { apiVersion, kind } = envelope.typeMeta as Fields;
  const message = KINDS[String(kind)];
  if (message === undefined) return undefined;
  return { apiVersion, kind, ...decodeMessage(envelope.raw as Buffer, message) };
}
