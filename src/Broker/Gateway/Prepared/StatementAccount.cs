using Broker.PgWire.Releasing;

namespace Broker.Gateway.Prepared;

/// <summary>
/// An account of prepared statements: it is told the fate of each thing that changes it, in the order in which they were sent.
/// </summary>
internal interface IStatementAccount
{
    /// <summary>The oldest is done.</summary>
    void Done();

    /// <summary>The oldest was refused.</summary>
    void Failed();

    /// <summary>The oldest was skipped, behind an error.</summary>
    void Skipped();
}

/// <summary>Tells an account.</summary>
internal static class StatementAccounts
{
    /// <summary>What has become of the oldest.</summary>
    internal static void Settle(this IStatementAccount account, Fate fate)
    {
        switch (fate)
        {
            case Fate.Done:
                account.Done();
                break;
            case Fate.Failed:
                account.Failed();
                break;
            case Fate.Skipped:
                account.Skipped();
                break;
        }
    }
}
