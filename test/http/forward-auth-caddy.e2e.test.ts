import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shippedConfiguration, tellProxyStory } from './proxy-story.ts';

tellProxyStory({
  program: 'caddy',
  configure(folder, ports) {
    const file = join(folder, 'Caddyfile');
    const shipped = shippedConfiguration('caddy/Caddyfile', ports, {
      ':8000 {': `http://127.0.0.1:${ports.proxy} {`,
    });
    const options = '{\n\tadmin off\n\tauto_https off\n}\n';
    writeFileSync(file, options + shipped);
    return ['run', '--config', file, '--adapter', 'caddyfile'];
  },
});
