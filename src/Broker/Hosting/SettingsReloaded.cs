using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;

namespace Broker.Hosting;

/// <summary>A running broker was given settings that were read anew.</summary>
/// <param name="Taken">The paths of those that hold from now on.</param>
/// <param name="NeedRestart">The paths of those that are otherwise than those in force, and will hold after the next start.</param>
public sealed record SettingsReloaded(ImmutableArray<string> Taken, ImmutableArray<string> NeedRestart) : IBrokerReply;
