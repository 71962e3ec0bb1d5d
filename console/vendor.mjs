// Copies the two browser libraries from node_modules to static/vendor, which git ignores. Run by `npm run vendor`
// after `npm ci`: plants and ministries have no internet, so pages load nothing from elsewhere.
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "static", "vendor");
const files = {
  "echarts/dist/echarts.min.js": "echarts.min.js",
  "echarts/LICENSE": "echarts.LICENSE",
  "echarts/NOTICE": "echarts.NOTICE",
  "htmx.org/dist/htmx.min.js": "htmx.min.js",
  "htmx.org/LICENSE": "htmx.LICENSE",
};

mkdirSync(target, { recursive: true });
for (const [from, to] of Object.entries(files)) copyFileSync(join(here, "node_modules", from), join(target, to));
console.log(`${Object.keys(files).length} files in ${target}`);
