import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootKey, shippedConfiguration, tellProxyStory } from './proxy-story.ts';

tellProxyStory({
  program: 'nginx',
  configure(folder, ports) {
    const shipped = shippedConfiguration('nginx/latchkey.conf', ports, {
      'listen 8000': `listen 127.0.0.1:${ports.proxy}`,
      'your-root-key': rootKey,
    });
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    const text = `
      daemon off;
      pid ${folder}/nginx.pid;
      error_log stderr;
      events {}
      http { access_log off; ${paths.join(' ')}
        ${shipped} }`;
    writeFileSync(join(folder, 'nginx.conf'), text);
    return ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'];
  },
});
