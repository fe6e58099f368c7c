using Broker.Client.Protocol.Values;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands;

/// <summary>Questions to the catalogue that ride behind a trip, on its connection and under its context.</summary>
/// <param name="Context">Whose answers these will be: role and search path.</param>
/// <param name="Questions">The names.</param>
/// <param name="AskedAt">When they were sent.</param>
internal sealed record CatalogueLesson(string Context, CatalogueQuestions Questions, DateTimeOffset AskedAt)
{
    /// <summary>Asks. A context that the server refuses teaches nothing, and is not an error of this trip.</summary>
    internal async Task<LessonLearned?> LearnAsync(NpgsqlConnection connection, CallerContext context)
    {
        try
        {
            // What else the context sets does not change what a name means, and its timeout is not for our question.
            var meaning = new CallerContext(context.Role, context.SearchPath);
            return new(this,
                await CatalogueQueries.AskAsync(connection, [.. ContextStatements.For(meaning)], Questions, CancellationToken.None));
        }
        catch (PostgresException)
        {
            return null;
        }
    }
}

/// <summary>What the catalogue answered.</summary>
internal sealed record LessonLearned(CatalogueLesson Lesson, CatalogueSnapshot Answers);
