import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

const report = new URL("../io/conversation/src/report/", import.meta.url);

// The sign of Duologue and the icon, as every report has them.
function brand(): Plugin {
  const read = (name: string) => readFileSync(new URL(name, report), "utf8");
  const sign = /<svg[\s\S]*?<\/svg>/.exec(read("brand.html"))?.[0] ?? "";
  const icon = /<link rel="icon"[^>]*>/.exec(read("head.html"))?.[0] ?? "";
  return {
    name: "brand",
    transformIndexHtml: (html) => html.replace("<!-- sign -->", () => sign).replace("<!-- icon -->", () => icon),
  };
}

export default defineConfig({
  plugins: [brand()],
  build: {
    outDir: "../io/api/page/built",
    emptyOutDir: true,
    target: "es2022",
    // The policy of the page allows no address but its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
