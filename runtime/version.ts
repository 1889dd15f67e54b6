// The version of this build, from package.json: what `--version` prints.
import manifest from '../package.json' with { type: 'json' };

export const { version } = manifest;
