using System.Collections.Immutable;
using Broker.Client.Protocol;

namespace Broker.Sessions;

/// <summary>
/// A conversation's transaction, from its BEGIN until it is committed or somebody rolls it back, also when the server has it no longer.
/// </summary>
internal sealed record Transaction
{
    /// <summary>One that has just begun.</summary>
    internal static Transaction Begun { get; } = new();

    /// <summary>Its id (xid8), as far as it was learned; null also when it wrote nothing.</summary>
    internal ulong? Id { get; init; }

    /// <summary>Whether a statement of it may have changed role, search path or settings, beyond the conversation's own context.</summary>
    internal bool ChangedSettings { get; init; }

    /// <summary>Why every use is refused until it is rolled back; null while it is well.</summary>
    internal Failure? Failed { get; init; }

    /// <summary>The nested scopes that are open, the outermost first. All belong to one handle: others wait before they open one.</summary>
    internal ImmutableArray<Scope> Scopes { get; init; } = [];

    /// <summary>The cursors that are open.</summary>
    internal ImmutableArray<Cursor> Cursors { get; init; } = [];

    /// <summary>Cursors that were read to their end, and are closed on the server with what is sent next.</summary>
    internal ImmutableArray<Cursor> Spent { get; init; } = [];

    /// <summary>Whose scope is open; null for nobody's.</summary>
    internal HandleId? ScopesOwner => Scopes.IsEmpty ? null : Scopes[0].Handle;

    /// <summary>Where a scope is on the stack; -1 when it is not open.</summary>
    internal int DepthOf(HandleId handle, ScopeId scope)
    {
        for (var i = Scopes.Length - 1; i >= 0; i--)
        {
            if (Scopes[i].Handle == handle && Scopes[i].Id == scope)
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>An open cursor; null when there is none of that name.</summary>
    internal Cursor? Find(HandleId handle, CursorId cursor)
    {
        foreach (var one in Cursors)
        {
            if (one.Handle == handle && one.Id == cursor)
            {
                return one;
            }
        }
        return null;
    }
}

/// <summary>An open savepoint.</summary>
/// <param name="Handle">Who opened it.</param>
/// <param name="Id">Its name.</param>
internal sealed record Scope(HandleId Handle, ScopeId Id)
{
    /// <summary>The savepoint's name on the server, by its place on the stack.</summary>
    internal static string NameAt(int depth) => $"broker_scope_{depth}";
}

/// <summary>An open server cursor.</summary>
/// <param name="Handle">Who opened it.</param>
/// <param name="Id">Its name.</param>
/// <param name="Depth">How many scopes were open when it was declared: one that is rolled back takes it along.</param>
/// <param name="Used">When it was read last.</param>
internal sealed record Cursor(HandleId Handle, CursorId Id, int Depth, TimeSpan Used)
{
    /// <summary>Its name on the server.</summary>
    internal static string NameOf(HandleId handle, CursorId cursor) => $"broker_cursor_{handle.Number:x}_{cursor.Number}";
}
