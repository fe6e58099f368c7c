using System.Text;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Prepared;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Clients;

/// <summary>
/// A client that has no link, and whose settings are those that it began with, makes its session as new: nothing of it is in any session of
/// a server, so there is nothing to undo but the names of its statements, which are kept here. Drivers with pools of their own send it
/// ahead of each use of a connection: Npgsql DISCARD ALL, or its parts without DEALLOCATE when it has prepared something. It would take a
/// link for itself, leave that to be cleaned, and take with it what is prepared there for all.
/// </summary>
internal static class IdleReset
{
    private const uint Void = 2278; // pg_type
    private const string SelectUnlock = "SELECT pg_advisory_unlock_all()";
    private const string DeallocateAll = "DEALLOCATE ALL";

    private static readonly WireText DiscardAll = WireText.Of("DISCARD ALL");
    private static readonly RowDescription UnlockColumns = new([new(WireText.Of("pg_advisory_unlock_all"), 0, 0, Void, 4, -1, default)]);
    private static readonly DataRow UnlockRow = new([ReadOnlyMemory<byte>.Empty]);

    private static readonly (string Statement, WireText Tag)[] Parts =
    [
        ("SET SESSION AUTHORIZATION DEFAULT", WireText.Of("SET")), ("RESET ALL", WireText.Of("RESET")),
        ("CLOSE ALL", WireText.Of("CLOSE CURSOR ALL")),
        ("UNLISTEN *", WireText.Of("UNLISTEN")), (SelectUnlock, WireText.Of("SELECT 1")), ("DISCARD PLANS", WireText.Of("DISCARD PLANS")),
        ("DISCARD SEQUENCES", WireText.Of("DISCARD SEQUENCES")), ("DISCARD TEMP", WireText.Of("DISCARD TEMP")),
        (DeallocateAll, WireText.Of("DEALLOCATE ALL")),
    ];

    /// <summary>
    /// Takes a message of a client that has no link and is in no transaction, if it is a Query of nothing else: then it is answered.
    /// </summary>
    internal static bool Takes(in Frame frame, ClientMemory client, WireWriter answer)
    {
        if (client is not { Statements: { } statements, Settings.AreAsAtFirst: true }
            || frame is not { IsWhole: true, Type: (byte)FrontendType.Query }
                || !frame.Body.IsSingleSegment
                || frame.Body.FirstSpan is not [.. var text, 0])
        {
            return false;
        }
        if (Ascii.EqualsIgnoreCase(text.TrimEnd(" \t\r\n;"u8), DiscardAll.Bytes.Span))
        {
            statements.Clear();
            new CommandComplete(DiscardAll).Write(answer);
        }
        else if (IsOfParts(text))
        {
            // as any Query it ends the unnamed statement
            statements.Query();
            statements.Settle(Fate.Done);
            Answer(text, statements, answer);
        }
        else
        {
            return false;
        }
        new ReadyForQuery(TransactionStatus.Idle).Write(answer);
        return true;
    }

    // written otherwise, with a comment say, it goes the ordinary way
    private static bool IsOfParts(ReadOnlySpan<byte> text)
    {
        var any = false;
        foreach (var range in text.Split((byte)';'))
        {
            var part = text[range].Trim(" \t\r\n"u8);
            if (part.IsEmpty)
            {
                continue;
            }
            if (Find(part) is null)
            {
                return false;
            }
            any = true;
        }
        return any;
    }

    private static void Answer(ReadOnlySpan<byte> text, ClientStatements statements, WireWriter answer)
    {
        foreach (var range in text.Split((byte)';'))
        {
            if (Find(text[range].Trim(" \t\r\n"u8)) is not { } part)
            {
                continue;
            }
            if (part.Statement is SelectUnlock)
            {
                UnlockColumns.Write(answer);
                UnlockRow.Write(answer);
            }
            else if (part.Statement is DeallocateAll)
            {
                statements.Clear();
            }
            new CommandComplete(part.Tag).Write(answer);
        }
    }

    private static (string Statement, WireText Tag)? Find(ReadOnlySpan<byte> text)
    {
        foreach (var part in Parts)
        {
            if (text.Length == part.Statement.Length && Ascii.EqualsIgnoreCase(text, part.Statement))
            {
                return part;
            }
        }
        return null;
    }
}
