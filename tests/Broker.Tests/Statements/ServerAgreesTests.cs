using Broker.Postgres;
using Broker.Statements;
using FsCheck;
using FsCheck.Fluent;
using Npgsql;
using Xunit;

namespace Broker.Tests.Statements;

/// <summary>
/// The server's own scanner has the last word: it parses texts full of quotes, comments and semicolons, and nothing is run.
/// </summary>
public sealed class ServerAgreesTests
{
    private const string ManyCommands = "cannot insert multiple commands into a prepared statement";

    private static readonly string[] Pieces =
    [
        "select 1", "select ", "1", "; ", ";", "'", "''", "'a'", "E'", "\\'", "\\", "\n", " ", "--", "/*", "*/", "$$", "$a$", "$b",
        "\"", "\"a\"",
        ", ", "(", ")", " as ", "x", "U&'", " as u&\"", "b'1'", "+", "-", "@", "::text", "begin", "1e", "0x1", ".5", "é", "\u00A0",
    ];

    private static readonly string[] Parts =
    [
        "1", ", 'a;'", ", E'\\';'", ", E'a'\n'\\';'", ", 'a\\'", ", $$;$$", ", $a$;$$;$a$", " /* ; ' */", " /* /* ; */ ' */", " -- ; '\n",
        ", \"a;\"", ", 1 as \"'\"", ", u&'\\003b;'", "; select 2", ";", " ; ; ", ", 1 - -1", ", 2 */*;*/ 3", ", b'1', x'f'",
        ", 'a' --;\n ';'",
    ];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Elements(Pieces).ListOf().Select(pieces => "select 1 " + string.Concat(pieces)),
        Gen.Elements(Parts).ListOf().Select(parts => "select 1" + string.Concat(parts)));

    [Fact]
    public async Task What_the_server_takes_for_many_statements_is_never_taken_for_one()
    {
        await using var source = NpgsqlDataSource.Create(await SharedPostgres.CreateDatabaseAsync());
        await using var connection = await source.OpenConnectionAsync();
        var (one, many, refused) = (0, 0, 0);
        foreach (var text in Texts.Sample(2000, 8).Distinct())
        {
            var counted = StatementShape.Of(text);
            switch (await ParsedAsync(connection, text))
            {
                case ManyCommands:
                    Assert.True(counted.Statements > 1, text);
                    many++;
                    break;
                case null:
                    Assert.True(counted.Statements == 1 && !counted.Has(ShapeMarks.Unterminated), text);
                    one++;
                    break;
                default:
                    refused++;
                    break;
            }
        }

        Assert.True(one > 50 && many > 50, $"the texts say too little: {one} single, {many} many, {refused} refused");
    }

    /// <summary>The error of the server's parser; null for none.</summary>
    private static async Task<string?> ParsedAsync(NpgsqlConnection connection, string text)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new NpgsqlBatchCommand(text) } };
        try
        {
            await batch.PrepareAsync();
            connection.UnprepareAll();
            return null;
        }
        catch (PostgresException error)
        {
            return error.MessageText;
        }
    }
}
