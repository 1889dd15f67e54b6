// Every refusal of the server is a StatusError: it carries the Status object that clients read (code, reason, message, causes).
// The words are those of kube-apiserver; tests hold them against recorded exchanges.
import type { Fields } from './objects.ts';

export interface FieldError {
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueNotFound'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany';
  readonly field: string;
  readonly message: string;
}

export interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

interface StatusOptions {
  readonly reason?: string;
  readonly details?: Fields;
  readonly headers?: Record<string, string>;
}

export class StatusError extends Error {
  readonly code: number;
  readonly reason: string | undefined;
  readonly details: Fields | undefined;
  readonly headers: Record<string, string>;

  constructor(code: number, message: string, options: StatusOptions = {}) {
    super(message);
    this.code = code;
    this.reason = options.reason;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }

  get status(): Fields {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

export function qualified({ group, plural }: GroupResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function detailsOf({ group, plural }: GroupResource, name: string): Fields {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural };
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, message, { reason: 'BadRequest' });
}

export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError(404, `${qualified(resource)} "${name}" not found`, {
    reason: 'NotFound',
    details: detailsOf(resource, name),
  });
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  return new StatusError(409, `${qualified(resource)} "${name}" already exists`, {
    reason: 'AlreadyExists',
    details: detailsOf(resource, name),
  });
}

export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  return new StatusError(409, `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, {
    reason: 'Conflict',
    details: detailsOf(resource, name),
  });
}

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export function forbidden(resource: GroupResource, name: string, why: string, causes?: Fields[]): StatusError {
  const subject = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return new StatusError(403, `${subject} is forbidden: ${why}`, {
    reason: 'Forbidden',
    details: { ...detailsOf(resource, name), ...(causes === undefined ? {} : { causes }) },
  });
}

/** 422 with one cause a fault; as the real server does, faults that read the same are said once in the message. */
export function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const sentences = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const list = sentences.length === 1 ? sentences[0] : `[${sentences.join(', ')}]`;
  const subject = group === '' ? kind : `${kind}.${group}`;
  const causes = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  return new StatusError(422, `${subject} "${name}" is invalid: ${list}`, {
    reason: 'Invalid',
    details: { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind, causes },
  });
}

export function expired(message: string): StatusError {
  return new StatusError(410, message, { reason: 'Expired' });
}

export function methodNotAllowed(): StatusError {
  return new StatusError(405, 'the server does not allow this method on the requested resource', {
    reason: 'MethodNotAllowed',
    details: {},
  });
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new StatusError(415, message, { reason: 'UnsupportedMediaType' });
}

// The builders below make single faults; values are quoted as Go's %q or JSON would.
export const required = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
});

export const wrong = (field: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
});

export const notSupported = (field: string, value: unknown, supported: readonly unknown[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
});

export const duplicate = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${JSON.stringify(value)}`,
});

export const notAllowed = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
});

export const missing = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueNotFound',
  field,
  message: `Not found: ${JSON.stringify(value)}`,
});
