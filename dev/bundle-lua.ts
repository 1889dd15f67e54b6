// The Lua texts in a bundle: what lua-files.ts reads in development is written into it.
import type { Plugin } from 'esbuild';
import { readLuaFiles } from '../sidecar/store/redis/lua-files.ts';

export const luaFilesInside: Plugin = {
  name: 'lua-files-inside',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /store\/redis\/lua-files\.ts$/ }, () => ({
      contents: `export const luaFiles = ${JSON.stringify(readLuaFiles())};`,
      loader: 'js',
    }));
  },
};
