using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;

namespace Broker.Tests.Gateway.Prepared;

/// <summary>What a server does with prepared statements.</summary>
internal sealed class ModelSession
{
    internal static readonly WireText Bad = WireText.Of("selec");

    private readonly Dictionary<WireText, WireText> _statements = [];

    internal bool IsSkipping { get; private set; }

    internal int Count => _statements.Count;

    /// <summary>The answer; null when the message is skipped.</summary>
    internal string? Hear(IFrontendMessage message)
    {
        if (IsSkipping && message is not Sync)
        {
            return null;
        }
        switch (message)
        {
            case Sync:
                IsSkipping = false;
                return "Ready";
            case Query:
                _statements.Remove(WireText.Empty);
                return "Ready";
            case Parse { Statement.IsEmpty: false } parse when _statements.ContainsKey(parse.Statement):
                return Fail("42P05");
            case Parse parse:
                _statements.Remove(parse.Statement);
                if (parse.Query == Bad)
                {
                    return Fail("42601");
                }
                _statements.Add(parse.Statement, parse.Query);
                return "ParseComplete";
            case Bind bind:
                return Use(bind.Statement, "BindComplete");
            case Describe { Kind: TargetKind.Statement } describe:
                return Use(describe.Name, "ParameterDescription");
            case Close close:
                _statements.Remove(close.Name);
                return "CloseComplete";
            default:
                throw new ArgumentOutOfRangeException(nameof(message), message, "not of a prepared statement");
        }
    }

    private string Use(WireText name, string answer) => _statements.TryGetValue(name, out var text) ? $"{answer} {text}" : Fail("26000");

    private string Fail(string state)
    {
        IsSkipping = true;
        return $"Error {state}";
    }
}
