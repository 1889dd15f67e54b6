// Which origins the sidecar takes: as a browser writes them.
import { expect, test } from 'vitest';
import { readSidecarSettings } from '../../sidecar/config.ts';

test.each(['https://app.example.com/', 'https://App.example.com', 'app.example.com', 'https://*.example.com', 'null'])(
  'the origin %s is refused at the start, with what is right',
  (origin) => {
    const read = () => readSidecarSettings({ SIDECAR_NAME: 'demo', SIDECAR_CORS_ALLOWED_ORIGINS: origin }, []);
    expect(read).toThrow(/SIDECAR_CORS_ALLOWED_ORIGINS.* must be \* or origins like https:\/\/app\.example\.com/s);
  },
);

test('the port of a scheme may be said or not', () => {
  const settings = {
    SIDECAR_NAME: 'demo',
    SIDECAR_CORS_ALLOWED_ORIGINS: 'https://a.example:443,http://b:80,http://[::1]:443',
  };
  expect(readSidecarSettings(settings, []).corsAllowedOrigins).toEqual([
    'https://a.example',
    'http://b',
    'http://[::1]:443',
  ]);
});
