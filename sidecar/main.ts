// The sidecar program: settings from flags and environment, signals, exit code. Everything else is run.ts.
import { systemClock } from '../runtime/clock.ts';
import { terminationSignal } from '../runtime/lifecycle.ts';
import { createLogger, gatheringOutput } from '../runtime/logger.ts';
import { foreignVariables, redactSettings, SettingsError } from '../runtime/settings.ts';
import { StartError } from '../runtime/start-error.ts';
import { terminalLog } from '../runtime/terminal-log.ts';
import { version } from '../runtime/version.ts';
import { readSidecarSettings, usage } from './config.ts';
import { SETTINGS_PREFIX, type SidecarSettings, sidecarSettings } from './contract.ts';
import { createQueueService } from './queue/create-queue.ts';
import { run } from './run.ts';
import { collectGarbage } from './start-garbage.ts';

const argv = process.argv.slice(2);
if (argv.includes('--help')) {
  process.stdout.write(usage());
  process.exit(0);
}
if (argv.includes('--version')) {
  process.stdout.write(`${version}\n`);
  process.exit(0);
}
const settings = settingsOrExit();
const output = process.stdout.isTTY ? terminalLog((text) => process.stdout.write(text)) : gatheringOutput(systemClock);
const logger = createLogger('sidecar', settings.logLevel, output);
const deps = { clock: systemClock, logger, createQueueService, collectGarbage };
logger.info({ settings: redactSettings(sidecarSettings, settings) }, 'starting');
const variables = foreignVariables(SETTINGS_PREFIX, sidecarSettings, process.env);
if (variables.length > 0) logger.warn({ variables }, 'variables of the environment that set nothing here');
try {
  const sidecar = await run(terminationSignal(logger), settings, deps);
  await sidecar.stopped;
} catch (error) {
  if (error instanceof StartError) logger.fatal(error.message);
  else logger.fatal({ err: error }, 'the sidecar ends');
  process.exitCode = 1;
}

function settingsOrExit(): SidecarSettings {
  try {
    return readSidecarSettings(process.env, argv);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
