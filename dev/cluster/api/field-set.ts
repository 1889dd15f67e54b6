// A set of field paths, as metadata.managedFields writes it (FieldsV1): `f:name` fields, `k:{...}` keyed entries, `v:...` set values.
// Only set algebra; which paths an object has is field-paths.ts.
import { type Fields, isFields } from './objects.ts';

export class FieldSet {
  isMember = false;
  readonly children = new Map<string, FieldSet>();

  static parse(fields: unknown): FieldSet {
    const set = new FieldSet();
    if (!isFields(fields)) return set;
    for (const [key, inner] of Object.entries(fields)) {
      if (key === '.') {
        set.isMember = true;
        continue;
      }
      const child = FieldSet.parse(inner);
      // An element without children is a leaf and so a member itself.
      if (child.children.size === 0) child.isMember = true;
      set.children.set(key, child);
    }
    return set;
  }

  toFields(): Fields {
    const result: Fields = {};
    if (this.isMember && this.children.size > 0) result['.'] = {};
    for (const key of [...this.children.keys()].sort()) {
      const child = this.children.get(key)!;
      if (!child.isEmpty) result[key] = child.toFields();
    }
    return result;
  }

  get isEmpty(): boolean {
    return !this.isMember && [...this.children.values()].every((child) => child.isEmpty);
  }

  child(key: string): FieldSet {
    let found = this.children.get(key);
    if (found === undefined) {
      found = new FieldSet();
      this.children.set(key, found);
    }
    return found;
  }

  add(path: readonly string[]): void {
    let here: FieldSet = this;
    for (const key of path) here = here.child(key);
    here.isMember = true;
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.isMember = this.isMember || other.isMember;
    for (const key of new Set([...this.children.keys(), ...other.children.keys()])) {
      const left = this.children.get(key) ?? new FieldSet();
      const right = other.children.get(key) ?? new FieldSet();
      result.children.set(key, left.union(right));
    }
    return result;
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.isMember = this.isMember && other.isMember;
    for (const [key, child] of this.children) {
      const right = other.children.get(key);
      if (right === undefined) continue;
      const inner = child.intersection(right);
      if (!inner.isEmpty) result.children.set(key, inner);
    }
    return result;
  }

  difference(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.isMember = this.isMember && !other.isMember;
    for (const [key, child] of this.children) {
      const right = other.children.get(key);
      const inner = right === undefined ? child : child.difference(right);
      if (!inner.isEmpty) result.children.set(key, inner);
    }
    return result;
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  /** Every member, outermost first. */
  *members(path: readonly string[] = []): Generator<readonly string[]> {
    if (this.isMember) yield path;
    for (const key of [...this.children.keys()].sort()) yield* this.children.get(key)!.members([...path, key]);
  }
}

/** A path in the words of a conflict message: `.spec.ports[name="http"].port`. */
export function pathInWords(path: readonly string[]): string {
  return path
    .map((element) => {
      if (element.startsWith('f:')) return `.${element.slice(2)}`;
      if (element.startsWith('v:')) return `[=${element.slice(2)}]`;
      const keys = JSON.parse(element.slice(2)) as Fields;
      const terms = Object.entries(keys).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      return `[${terms.join(',')}]`;
    })
    .join('');
}
