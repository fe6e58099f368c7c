using Broker.Client.Flushing;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Tests.Flushing;

public sealed class GuardTests
{
    [Theory]
    [InlineData("invalid input syntax for type integer: \"broker stale 0: 1,20\"", 0, new[] { 1, 20 })]
    [InlineData("ungültige Eingabesyntax für Typ integer: »broker stale 3: 7«", 3, new[] { 7 })]
    public void The_ordinals_are_read_in_every_language(string message, int piece, int[] ordinals)
    {
        var read = Guard.Read(new StatementFailed("22P02", message))!.Value;
        Assert.Equal(piece, read.Piece);
        Assert.Equal(ordinals, read.Ordinals);
    }

    [Fact]
    public void Other_errors_are_none_of_the_guard()
    {
        Assert.Null(Guard.Read(new StatementFailed("22P02", "invalid input syntax for type integer: \"x\"")));
        Assert.Null(Guard.Read(new StatementFailed("23505", "broker stale 0: 1")));
    }
}
