// Layers of tests as vitest projects: `npx vitest run --project unit` runs one of them.
import { defineConfig } from 'vitest/config';

const layer = (name: string, testTimeout: number, fileParallelism = true) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 60_000, fileParallelism },
});

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      layer('unit', 10_000),
      layer('contract', 60_000),
      layer('conformance', 60_000),
      layer('property', 300_000),
      layer('integration', 120_000),
    ],
  },
});
