using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>Names a text of an entity map: the number of rows is no part of it.</summary>
/// <param name="Kind">Which statement.</param>
/// <param name="Columns">The columns that it writes.</param>
/// <param name="Defaults">The columns that it gives their default.</param>
internal readonly record struct FlushTextKey(FlushTextKind Kind, ColumnSet Columns, ColumnSet Defaults);

/// <summary>The statements of an entity map.</summary>
internal enum FlushTextKind
{
    /// <summary>Reads the row of a key.</summary>
    Select,
    /// <summary>Draws keys.</summary>
    Draw,
    /// <summary>Inserts one row.</summary>
    InsertOne,
    /// <summary>Inserts any number of rows.</summary>
    InsertMany,
    /// <summary>Updates one row.</summary>
    UpdateOne,
    /// <summary>Updates any number of rows.</summary>
    UpdateMany,
    /// <summary>Deletes one row.</summary>
    DeleteOne,
    /// <summary>Deletes any number of rows.</summary>
    DeleteMany,
    /// <summary>Gives rows keys that others of them have.</summary>
    Exchange,
    /// <summary>Copies rows.</summary>
    Copy,
}
