using System.Collections.Immutable;
using Broker.Clients.Tests.Reaching;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;

namespace Broker.Clients.Tests.Differing;

/// <summary>What a client says, message by message, and what it waits for in between.</summary>
/// <param name="Name">A fact's beginning: what it is about.</param>
/// <param name="Needs">How long it relies on its connection.</param>
/// <param name="Steps">One after the other.</param>
internal sealed record Script(string Name, Keeping Needs, ImmutableArray<Step> Steps)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Messages sent at once, and all that comes back up to what ends the wait.</summary>
/// <param name="Said">The messages.</param>
/// <param name="Awaited">What is awaited, which is the last that is heard of the step.</param>
/// <param name="Times">How many of it.</param>
internal sealed record Step(ImmutableArray<IFrontendMessage> Said, Type Awaited, int Times)
{
    /// <summary>A step that ends when all is answered.</summary>
    internal static Step Ask(params ImmutableArray<IFrontendMessage> said) =>
        new(said, typeof(ReadyForQuery), said.Count(message => message is Query or Sync or FunctionCall));

    /// <summary>A step that ends with the first message of a kind.</summary>
    internal static Step Until<T>(params ImmutableArray<IFrontendMessage> said) => new(said, typeof(T), 1);

    /// <summary>A step that ends when what was said in an earlier one is answered.</summary>
    internal static Step Finish(params ImmutableArray<IFrontendMessage> said) => new(said, typeof(ReadyForQuery), 1);
}
