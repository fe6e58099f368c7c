using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Sessions;

/// <summary>
/// Which commands may be looked at by the registry in a conversation's place: those that need no connection, and of which there is little
/// to look at, because all conversations wait meanwhile. Owned by one actor.
/// </summary>
internal sealed class BriefCommands : IParameterVisitor
{
    private const int MostSteps = 16;
    private const int MostParameters = 256;

    private bool _isLong;

    /// <summary>Whether a command is one.</summary>
    internal bool Has(ISessionCommand? command) =>
        command is Rollback || (command is Commit { Steps: { IsDefault: false, Length: <= MostSteps } steps } && steps.All(IsShort));

    private bool IsShort(FlushStep? step)
    {
        if (step is not StatementStep { Statement: { Text.Length: <= JudgedTexts.LongestText, Parameters: var parameters } }
            || parameters is not { IsDefault: false, Length: <= MostParameters })
        {
            return false;
        }
        _isLong = false;
        foreach (var parameter in parameters)
        {
            parameter?.Accept(this);
        }
        return !_isLong;
    }

    /// <inheritdoc/>
    public void Visit<T>(T value) where T : notnull =>
        _isLong |= value is Array or string { Length: > JudgedTexts.LongestText } or ReadOnlyMemory<byte>;

    /// <inheritdoc/>
    public void VisitNull<T>() where T : notnull
    {
    }
}
