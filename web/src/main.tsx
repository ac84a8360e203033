import "./style.css";
// The switch between light and dark, which every report has as well.
import "../../io/conversation/src/report/script/theme.js";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "./api/client";
import { usePath } from "./route";
import { Calls } from "./pages/calls";
import { Conversation } from "./pages/conversation";
import { Conversations } from "./pages/conversations";
import { Login } from "./pages/login";
import { Now } from "./pages/now";
import { Room } from "./pages/room";
import { TraceOf } from "./pages/trace";

function Page() {
  const path = usePath();
  const [needsLogin, setNeedsLogin] = useState(false);
  useEffect(() => {
    const needed = () => setNeedsLogin(true);
    document.addEventListener("loginneeded", needed);
    get("/api/v1/session", {}).then((session) => setNeedsLogin(session.needed && !session.present), () => undefined);
    return () => document.removeEventListener("loginneeded", needed);
  }, []);
  useEffect(() => {
    if (needsLogin) return;
    get("/api/v1/platform", {}).then((about) => {
      const place = document.getElementById("about");
      if (place) place.textContent = `Duologue ${about.version} · rooms at ${about.rooms_url}${about.rooms_embedded ? "" : " (a server of its own)"}`;
    }, () => undefined);
  }, [needsLogin]);
  if (needsLogin) return <Login done={() => setNeedsLogin(false)} />;
  const [, place, name] = path.split("/");
  const wanted = name === undefined || name === "" ? undefined : decodeURIComponent(name);
  if (place === "rooms" && wanted !== undefined) return <Room key={wanted} name={wanted} />;
  if (place === "conversations") return wanted === undefined ? <Conversations /> : <Conversation key={wanted} id={wanted} />;
  if (place === "calls") return wanted === undefined ? <Calls /> : <TraceOf key={wanted} id={wanted} />;
  if (!place) return <Now />;
  return (
    <section class="card">
      <h1>There is no such page</h1>
      <p class="sub">
        Go back to <a href="/">what goes on now</a>.
      </p>
    </section>
  );
}

const main = document.getElementById("main");
if (main) {
  main.replaceChildren();
  render(<Page />, main);
}
