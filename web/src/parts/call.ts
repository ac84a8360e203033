// Being in a room with one's microphone, by LiveKit's own client, which is loaded once it is needed.
import type { Room as LiveKitRoom, RemoteTrack } from "livekit-client";
import { useEffect, useRef, useState } from "preact/hooks";
import { post, words } from "../api/client";

export type Stage = "out" | "joining" | "in";
export interface Call {
  stage: Stage;
  /** As whom, once in. */
  identity: string | undefined;
  muted: boolean;
  /** Whether the browser waits for a click before it plays anything. */
  silenced: boolean;
  problem: string;
  join: (name: string) => void;
  leave: () => void;
  mute: (muted: boolean) => void;
  unsilence: () => void;
}

interface State { stage: Stage; identity: string | undefined; muted: boolean; silenced: boolean; problem: string }
const OUT: State = { stage: "out", identity: undefined, muted: false, silenced: false, problem: "" };

/** One's own place in a room. */
export function useCall(name: string): Call {
  const [state, setState] = useState<State>(OUT);
  const room = useRef<LiveKitRoom | undefined>(undefined);
  const change = (part: Partial<State>) => setState((before) => ({ ...before, ...part }));
  useEffect(() => () => void room.current?.disconnect(), []);

  const join = async (as: string) => {
    change({ stage: "joining", problem: "" });
    try {
      const given = await post("/api/v1/rooms/{room}/tokens", { room: name }, { name: as });
      const { Room, RoomEvent, setLogLevel, Track } = await import("livekit-client");
      setLogLevel("warn");
      const joined = new Room({ adaptiveStream: false, dynacast: false, stopLocalTrackOnUnpublish: true });
      room.current = joined;
      const played = (track: RemoteTrack) => track.kind === Track.Kind.Audio && document.body.append(unseen(track.attach()));
      joined
        .on(RoomEvent.TrackSubscribed, played)
        .on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()))
        .on(RoomEvent.AudioPlaybackStatusChanged, () => change({ silenced: !joined.canPlaybackAudio }))
        .on(RoomEvent.Disconnected, () => setState((before) => ({ ...OUT, problem: before.problem })));
      await joined.connect(given.url, given.token);
      change({ stage: "in", identity: given.identity });
      await joined.localParticipant.setMicrophoneEnabled(true);
    } catch (error) {
      void room.current?.disconnect();
      setState({ ...OUT, problem: trouble(error) });
    }
  };
  return {
    ...state,
    join: (as) => void join(as),
    leave: () => void room.current?.disconnect(),
    mute: (muted) => void room.current?.localParticipant.setMicrophoneEnabled(!muted).then(() => change({ muted })),
    unsilence: () => void room.current?.startAudio(),
  };
}

function unseen(element: HTMLMediaElement): HTMLMediaElement {
  element.hidden = true;
  return element;
}

/** Browsers name what went wrong with a microphone; what to do is said here. */
function trouble(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError") return "The browser may not use the microphone. Allow it for this page, beside the address, and join again.";
  if (name === "NotFoundError") return "This computer has no microphone. Connect one and join again.";
  if (name === "NotReadableError") return "Another program holds the microphone. Close it there and join again.";
  if (!navigator.mediaDevices) return "Browsers give no microphone to a page without TLS: open it on this computer, or start the platform with --tls-cert and --tls-key.";
  return words(error);
}
