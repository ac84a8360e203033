import { useState } from "preact/hooks";
import { post, words } from "../api/client";
import { Failure } from "../parts/notice";

/** Asks for the admin token. */
export function Login({ done }: { done: () => void }) {
  const [token, setToken] = useState("");
  const [failure, setFailure] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    post("/api/v1/session", {}, { token }).then(done, (error: unknown) => setFailure(words(error)));
  };
  return (
    <form class="card narrow" onSubmit={submit}>
      <h1>Log in</h1>
      <p class="sub">
        This platform is open to others, so it asks for the admin token, which <code>duologue up</code> printed once.
      </p>
      <label>
        Admin token
        <input type="password" autocomplete="current-password" required value={token} onInput={(e) => setToken(e.currentTarget.value)} />
      </label>
      {failure && <Failure>{failure}</Failure>}
      <button class="action" type="submit">Log in</button>
    </form>
  );
}
