// Names, labels and the other parts of metadata that every kind shares: validation in the words of apimachinery, and generated names.
import { randomInt } from 'node:crypto';
import type { KubeObject, ObjectMeta } from './objects.ts';
import { isFields } from './objects.ts';
import type { Resource } from './resource.ts';
import { type FieldError, notAllowed, required, wrong } from './status-error.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SERVICE = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SERVICE_WORDS =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_WORDS =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const SUFFIX = 'bcdfghjklmnpqrstvwxz2456789';

export function generatedName(prefix: string): string {
  let suffix = '';
  for (let index = 0; index < 5; index++) suffix += SUFFIX[randomInt(SUFFIX.length)];
  return `${prefix.slice(0, 58)}${suffix}`;
}

export type NameRule = 'subdomain' | 'label' | 'service' | 'path';

export function nameFaults(name: string, rule: NameRule): string[] {
  if (rule === 'path') return /[/%]|^\.{1,2}$/.test(name) ? ["may not contain '/'"] : [];
  const max = rule === 'subdomain' ? 253 : 63;
  const faults = name.length > max ? [`must be no more than ${max} bytes`] : [];
  const [pattern, words] =
    rule === 'subdomain'
      ? [SUBDOMAIN, SUBDOMAIN_WORDS]
      : rule === 'label'
        ? [LABEL, LABEL_WORDS]
        : [SERVICE, SERVICE_WORDS];
  if (!pattern.test(name)) faults.push(words);
  return faults;
}

export function qualifiedNameFaults(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2)
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
    ];
  const faults: string[] = [];
  const [name, prefix] = [parts.at(-1)!, parts.length === 2 ? parts[0] : undefined];
  if (prefix !== undefined && !SUBDOMAIN.test(prefix)) faults.push(`prefix part ${SUBDOMAIN_WORDS}`);
  if (name === '') faults.push('name part must be non-empty');
  if (name.length > 63) faults.push('name part must be no more than 63 bytes');
  if (!QUALIFIED.test(name)) faults.push(QUALIFIED_WORDS);
  return faults;
}

export function labelFaults(labels: unknown, path: string): FieldError[] {
  if (!isFields(labels)) return [];
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    for (const fault of qualifiedNameFaults(key)) errors.push(wrong(path, key, fault));
    if (typeof value !== 'string') continue;
    if (value.length > 63) errors.push(wrong(path, value, 'must be no more than 63 bytes'));
    if (!LABEL_VALUE.test(value)) errors.push(wrong(path, value, LABEL_VALUE_WORDS));
  }
  return errors;
}

export function annotationFaults(annotations: unknown, path: string): FieldError[] {
  const keys = isFields(annotations) ? Object.keys(annotations) : [];
  return keys.flatMap((key) => qualifiedNameFaults(key.toLowerCase()).map((fault) => wrong(path, key, fault)));
}

export function validateMetadata(resource: Resource, object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const { metadata } = object;
  const rule = resource.rules.nameRule ?? 'subdomain';
  const errors: FieldError[] = [];
  if (metadata.generateName !== undefined && rule !== 'path') {
    // The server's own suffix will follow, so a trailing dash is fine here.
    const prefix = metadata.generateName.endsWith('-')
      ? `${metadata.generateName.slice(0, -1)}a`
      : metadata.generateName;
    for (const fault of nameFaults(prefix, rule))
      errors.push(wrong('metadata.generateName', metadata.generateName, fault));
  }
  const name = metadata.name ?? '';
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  else for (const fault of nameFaults(name, rule)) errors.push(wrong('metadata.name', name, fault));
  errors.push(...labelFaults(metadata.labels, 'metadata.labels'));
  errors.push(...annotationFaults(metadata.annotations, 'metadata.annotations'));
  errors.push(...ownerFaults(metadata), ...finalizerFaults(metadata, old?.metadata, resource.isCustom));
  return errors;
}

function ownerFaults(metadata: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  const owners = metadata.ownerReferences ?? [];
  owners.forEach((owner, index) => {
    for (const key of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      const value = owner[key];
      if (value === undefined || value === '') {
        const field = key === 'apiVersion' ? 'version' : key;
        errors.push(wrong(`metadata.ownerReferences[${index}].${key}`, '', `${field} must not be empty`));
      }
    }
  });
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    const words = controllers.slice(0, 2).map((owner) => `${owner.kind}/${owner.name}`);
    errors.push(
      wrong(
        'metadata.ownerReferences',
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${words.join(' and ')}`,
      ),
    );
  }
  return errors;
}

function finalizerFaults(metadata: ObjectMeta, old: ObjectMeta | undefined, isCustom: boolean): FieldError[] {
  const errors: FieldError[] = [];
  for (const finalizer of metadata.finalizers ?? []) {
    for (const fault of qualifiedNameFaults(finalizer)) errors.push(wrong('metadata.finalizers', finalizer, fault));
  }
  if (old?.deletionTimestamp === undefined) return errors;
  const added = (metadata.finalizers ?? []).filter((one) => !(old.finalizers ?? []).includes(one));
  if (added.length === 0) return errors;
  const words = added.map((one) => JSON.stringify(one)).join(', ');
  const error = notAllowed(
    'metadata.finalizers',
    `no new finalizers can be added if the object is being deleted, found new finalizers []string{${words}}`,
  );
  // The custom resource handler validates metadata twice, and so says it twice.
  return [...errors, error, ...(isCustom ? [error] : [])];
}
