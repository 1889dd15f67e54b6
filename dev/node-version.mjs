// Plain JavaScript that any Node can run, first in `npm test` and `npm run demo`: on a Node that cannot run TypeScript
// the next file would only fail with "Unknown file extension".
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This project runs on the Node 24 that \`npm ci\` installs into node_modules, but this is Node ${process.versions.node}. ` +
      'Run `npm ci` (without --ignore-scripts), then start things by `npm run ...` or `npm test`.',
  );
  process.exit(1);
}
