// The operator's entry point: settings in, signals in, exit code out. Everything else is in run.ts.
import { systemClock } from '../runtime/clock.ts';
import { signalOfTermination } from '../runtime/lifecycle.ts';
import { createLogger } from '../runtime/logger.ts';
import { describeSettings, foreignVariables, readSettings, redactSettings } from '../runtime/settings.ts';
import { operatorSettings, SETTINGS_PREFIX } from './config.ts';
import { run } from './run.ts';

if (process.argv.includes('--help')) {
  console.log(describeSettings(SETTINGS_PREFIX, operatorSettings).join('\n'));
  process.exit(0);
}

try {
  const settings = readSettings(SETTINGS_PREFIX, operatorSettings, process.env, process.argv.slice(2));
  const log = createLogger('operator', settings.logLevel);
  log.info({ settings: redactSettings(operatorSettings, settings) }, 'settings');
  const variables = foreignVariables(SETTINGS_PREFIX, operatorSettings, process.env);
  if (variables.length > 0) log.warn({ variables }, 'variables of the environment that set nothing here');
  await run(signalOfTermination(), settings, { clock: systemClock, log });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
process.exit(0);
