// Makes our own code throw: every public method of every exported class in a folder is found, and one of them at a time throws once.
// Whatever listener is added later is among them, or calls one of them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../../dev/bundle.ts';

type Method = (this: unknown, ...given: unknown[]) => unknown;

export interface OwnMethod {
  readonly name: string;
  /** It throws the next time it is called: behind its work, or instead of it where its caller is owed a result. */
  throwOnce(error: Error): void;
  /** Whether it has thrown since; it will not any more. */
  disarm(): boolean;
  readonly hasBeenCalled: boolean;
}

export async function ownMethods(...folders: readonly string[]): Promise<readonly OwnMethod[]> {
  const methods: OwnMethod[] = [];
  const seen = new Set<unknown>();
  for (const path of folders.flatMap(sourcesIn)) {
    const exported: Record<string, unknown> = await import(join(projectDir, path));
    for (const each of Object.values(exported)) {
      if (typeof each !== 'function' || !/^class\b/.test(String(each)) || seen.has(each)) continue;
      seen.add(each);
      methods.push(...methodsOf(each as new () => object));
    }
  }
  return methods;
}

function sourcesIn(folder: string): readonly string[] {
  return readdirSync(join(projectDir, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.endsWith('main.ts'))
    .map((name) => join(folder, name));
}

function methodsOf(owner: new () => object): readonly OwnMethod[] {
  return Object.entries(Object.getOwnPropertyDescriptors(owner.prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name, { value }]) => armable(owner, name, value as Method));
}

function armable(owner: new () => object, name: string, real: Method): OwnMethod {
  let armed: Error | undefined;
  let hasBeenCalled = false;
  let hasResult = false;
  let hasThrown = false;
  const wrapper: Method = function (...given) {
    hasBeenCalled = true;
    const error = armed;
    armed = undefined;
    hasThrown ||= error !== undefined;
    if (error !== undefined && hasResult) throw error;
    const result = real.apply(this, given);
    hasResult ||= result !== undefined;
    if (error !== undefined) throw error;
    return result;
  };
  Object.defineProperty(owner.prototype, name, { value: wrapper, configurable: true, writable: true });
  return {
    name: `${owner.name}.${name}`,
    throwOnce(error) {
      armed = error;
      hasThrown = false;
    },
    disarm() {
      armed = undefined;
      return hasThrown;
    },
    get hasBeenCalled() {
      return hasBeenCalled;
    },
  };
}
