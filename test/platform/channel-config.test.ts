/** Owns the guarantees of what a channel may be of: a provider of the platform, with settings that fit it and a row. */
import { beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../../src/kernel/fault.js";
import { loadPlatform } from "../../src/platform/platform.file.js";
import type { Platform } from "../../src/platform/platform.js";

let platform: Platform;
beforeAll(async () => void (platform = await loadPlatform()));

const deep = (levels: number): Record<string, unknown> => (levels === 0 ? {} : { workspace_id: deep(levels - 1) });

describe("a channel", () => {
  it.each<[string, string, Record<string, unknown>, string, string]>([
    ["of a provider that there is not", "messaging-pigeon", {}, "provider", "The platform has no such provider of channels"],
    ["of a provider by the name of a prototype", "constructor", {}, "provider", "The platform has no such provider of channels"],
    ["with a setting of the wrong form", "messaging-slack", { workspace_id: "123" }, "config.workspace_id", "config.workspace_id must match the pattern ^T[A-Z0-9]{2,20}$"],
    ["with a setting of the wrong type", "messaging-telegram", { chat_id: -1001234567890 }, "config.chat_id", "config.chat_id must be text"],
    ["with a setting that the provider has not, whose name is not repeated", "messaging-slack", { token: "xoxb-1" }, "config", "config must have no members but workspace_id, channel_id"],
    ["with text that cannot be stored", "messaging-slack", { workspace_id: "T\u0000" }, "config", "config must be well-formed text, and numbers from 1e-20 to 1e20, in at most 32 levels, without members called __proto__"],
    ["with settings nested too deeply", "messaging-slack", deep(10_000), "config", "config must be well-formed text, and numbers from 1e-20 to 1e20, in at most 32 levels, without members called __proto__"],
    ["with settings that are too large", "messaging-slack", { workspace_id: "T".repeat(20_000) }, "config", "config must be at most 16384 bytes"],
  ])("%s is refused", (_, provider, config, field, message) => {
    expect(() => platform.refuseUnfitChannelConfig(provider, config)).toThrow(Fault);
    try {
      platform.refuseUnfitChannelConfig(provider, config);
    } catch (error) {
      expect(error).toMatchObject({ code: "BAD_USER_INPUT", field, message });
    }
    expect(platform.channelProblems(provider, config)[0]?.place[0]).toBe(field.split(".")[0]);
  });

  it("that fits is not refused, by either question", () => {
    expect(() => platform.refuseUnfitChannelConfig("messaging-slack", { channel_id: "C789012" })).not.toThrow();
    expect(platform.channelProblems("messaging-slack", { channel_id: "C789012" })).toEqual([]);
  });

  it("is told every problem at its place, for files that know lines", () => {
    expect(platform.channelProblems("messaging-slack", { workspace_id: "x", channel_id: 1, extra: true })).toEqual([
      { place: ["config"], rule: "must have no members but workspace_id, channel_id", stranger: { name: "extra", known: ["workspace_id", "channel_id"] } },
      { place: ["config", "workspace_id"], rule: "must match the pattern ^T[A-Z0-9]{2,20}$" },
      { place: ["config", "channel_id"], rule: "must be text" },
    ]);
  });
});
