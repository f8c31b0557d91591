/** Signing in to an archive, and out of it. */
import type { Parts } from "./language";

export const ENTRANCE = {
  /** `site` is the archive's host. */
  invitation: <T>(site: T): Parts<T> => [
    "Sign in with your account of the Digital Slide Archive at ",
    site,
    ".",
  ],
  login: "Login or e-mail",
  password: "Password",
  signIn: "Sign in",
  signingIn: "Signing in…",
  signOut: "Sign out",
  rights:
    "You see and may do here what the archive lets you. Your password is passed on to it and not " +
    "kept.",
  userAt: (login: string, site: string | null) => `${login} at ${site}`,
  ended: "Your session has ended.",
  endedHint: "Sign in again: you come back to the same place.",
} as const;
