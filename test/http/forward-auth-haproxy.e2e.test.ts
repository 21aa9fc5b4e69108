import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shippedConfiguration, shippedFile, tellProxyStory } from './proxy-story.ts';

tellProxyStory({
  program: 'haproxy',
  configure(folder, ports) {
    const file = join(folder, 'haproxy.cfg');
    const script = join(folder, 'latchkey.lua');
    copyFileSync(shippedFile('haproxy/latchkey.lua'), script);
    const shipped = shippedConfiguration('haproxy/haproxy.cfg', ports, {
      'bind :8000': `bind 127.0.0.1:${ports.proxy}`,
      '/usr/local/etc/haproxy/latchkey.lua': script,
    });
    writeFileSync(file, shipped);
    return ['-db', '-f', file];
  },
});
