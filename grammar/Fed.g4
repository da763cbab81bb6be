// The syntax of Fed. It takes a little more than the language (a missing `;`, `=` in a condition, a reserved word where a name is
// declared, a parameter without type): the builder of the AST refuses those with an error in the user's words. See docs/parsing.md.
grammar Fed;

// Set by compiler/syntax/tokens.cpp, which knows where a statement begins and where the head of an `if` or `for` ends:
// BLOCK_LBRACE opens the body of an `if` or `for` and a block statement, STATEMENT_IF is an `if` that begins a statement.
tokens { BLOCK_LBRACE, STATEMENT_IF }

// --- declarations

module : item* EOF ;

item
  : useItem | paramItem | runItem | policyItem | budgetItem | structItem | functionItem | nativeItem | derivativeItem | testItem
  | letItem
  ;

useItem : USE modulePath (DOT LBRACE useNames RBRACE)? SEMI? ;
modulePath : name (DOT name)* ;
useNames : (name (COMMA name)* COMMA?)? ;

paramItem : PARAM bindingName (COLON type)? (ASSIGN expression)? SEMI? ;

runItem : RUN LBRACE (runEntry (COMMA runEntry)* COMMA?)? RBRACE ;
runEntry : name ASSIGN expression ;

policyItem : POLICY name SEMI? ;

budgetItem : BUDGET LBRACE (budgetEntry (COMMA budgetEntry)* COMMA?)? RBRACE ;
budgetEntry : name COLON amount=(INT | FLOAT) unit=name? ;

structItem : STRUCT bindingName typeParameters? LBRACE (structField (COMMA structField)* COMMA?)? RBRACE ;
structField : bindingName COLON type ;

typeParameters : LT (typeParameter (COMMA typeParameter)* COMMA?)? GT ;
typeParameter : bindingName (COLON name (PLUS name)*)? ;

functionItem : FN signature block ;
nativeItem : NATIVE FN signature ASSIGN STRING SEMI? ;
signature : bindingName typeParameters? LPAREN (parameter (COMMA parameter)* COMMA?)? RPAREN (ARROW type)? ;
parameter : (bindingName | UNDERSCORE) (COLON type)? (ASSIGN expression)? ;

derivativeItem : DERIVATIVE OF name LPAREN (bindingName (COMMA bindingName)* COMMA?)? RPAREN ASSIGN expression SEMI? ;

testItem : TEST STRING block ;

letItem : LET binding SEMI? ;

binding : pattern (COLON type)? ASSIGN expression ;

// --- statements

// A statement that ends without `;` (closed) may be followed by another; an open one ends with `;` or with the block. What a block
// ends with is its value.
block : LBRACE statements RBRACE ;
headBlock : BLOCK_LBRACE statements RBRACE ;
statements : group (SEMI group)* ;
group : closedStatement* openStatement? ;

closedStatement
  : FOR pattern IN expression headBlock               # forStatement
  | STATEMENT_IF condition headBlock elseIf* (ELSE block)?   # ifStatement
  | BLOCK_LBRACE statements RBRACE                # blockStatement
  ;

openStatement
  : LET binding                                   # letStatement
  | VAR binding                                   # varStatement
  | expression (assignOp expression)?             # expressionStatement
  ;

assignOp
  : ASSIGN | PLUS_ASSIGN | MINUS_ASSIGN | STAR_ASSIGN | SLASH_ASSIGN | PERCENT_ASSIGN | AT_ASSIGN | AMP_ASSIGN | PIPE_ASSIGN
  | CARET_ASSIGN | SHIFT_LEFT_ASSIGN | SHIFT_RIGHT_ASSIGN
  ;

// --- patterns

pattern
  : bindingName                                                # namePattern
  | UNDERSCORE                                                 # wildcardPattern
  | LPAREN (pattern (COMMA pattern)* COMMA?)? RPAREN           # tuplePattern
  | LBRACKET (pattern (COMMA pattern)* COMMA?)? RBRACKET       # arrayPattern
  ;

// --- expressions

expression : lambda | range ;

lambda : (OR_OR | PIPE (lambdaParameter (COMMA lambdaParameter)* COMMA?)? PIPE) expression ;
lambdaParameter : pattern (COLON type)? ;

range : operation (DOT_DOT operation)? ;

operation
  : primary                                                                       # primaryOperation
  | operation DOT (name | SCALAR)                                                 # fieldOperation
  | operation DOT (INT | FLOAT)                                                   # tupleFieldOperation
  | operation LPAREN (argument (COMMA argument)* COMMA?)? RPAREN                  # callOperation
  | operation LBRACKET indexItem (COMMA indexItem)* COMMA? RBRACKET               # indexOperation
  | op=(MINUS | NOT) operation                                                    # unaryOperation
  | operation AS castType                                                         # asOperation
  | operation op=(STAR | SLASH | PERCENT | AT) operation                          # binaryOperation
  | operation op=(PLUS | MINUS) operation                                         # binaryOperation
  | operation (SHIFT_LEFT | GT GT) operation                                      # shiftOperation
  | operation op=AMP operation                                                    # binaryOperation
  | operation op=CARET operation                                                  # binaryOperation
  | operation op=PIPE operation                                                   # binaryOperation
  | operation op=(EQUAL | NOT_EQUAL | LT | LESS_EQUAL | GT | GREATER_EQUAL) operation   # binaryOperation
  | operation op=AND_AND operation                                                # binaryOperation
  | operation op=OR_OR operation                                                  # binaryOperation
  ;

primary
  : INT                                                                           # intPrimary
  | FLOAT                                                                         # floatPrimary
  | (TRUE | FALSE)                                                                # boolPrimary
  | STRING                                                                        # stringPrimary
  | (name DOT)* UPPER_NAME LBRACE (structEntry (COMMA structEntry)* COMMA?)? RBRACE    # structPrimary
  | (name | SCALAR)                                                               # namePrimary
  | UNDERSCORE                                                                    # wildcardPrimary
  | LPAREN (expression (COMMA expression)* COMMA?)? RPAREN                        # tuplePrimary
  | LBRACKET (expression (COMMA expression)* COMMA?)? RBRACKET                    # arrayPrimary
  | LBRACE statements RBRACE                                                      # blockPrimary
  | IF condition headBlock elseIf* (ELSE block)?                                  # ifPrimary
  ;

structEntry : DOT_DOT expression | name (COLON expression)? ;

argument : (name ASSIGN)? expression ;

indexItem
  : COLON
  | operation (DOT_DOT operation?)?
  | DOT_DOT operation?
  ;

elseIf : ELSE IF condition headBlock ;
condition : expression (ASSIGN expression)? ;

// --- types

type
  : LPAREN (type (COMMA type)* COMMA?)? RPAREN (ARROW type | typeSuffix*)         # tupleType
  | LBRACE type RBRACE AT PLACE typeSuffix*                                       # perClientType
  | (SCALAR | namedType) typeSuffix*                                              # plainType
  ;

typeSuffix : dimensions | STAR | AT PLACE ;

// After `as`: `*`, `@` and `<` are operators there. Type arguments stand in parentheses: `x as (Dense<3, 4>)`.
castType : (SCALAR | (name DOT)* UPPER_NAME | LPAREN (type (COMMA type)* COMMA?)? RPAREN) dimensions* ;

dimensions : LBRACKET dimension (COMMA dimension)* COMMA? RBRACKET ;
dimension : QUESTION | expression ;

namedType : (name DOT)* UPPER_NAME (LT (typeArgument (COMMA typeArgument)* COMMA?)? GT)? ;
typeArgument : type | dimensionSum ;

// A dimension between `<` and `>`: no comparisons, no shifts.
dimensionSum : dimensionProduct ((PLUS | MINUS) dimensionProduct)* ;
dimensionProduct : dimensionFactor ((STAR | SLASH | PERCENT) dimensionFactor)* ;
dimensionFactor
  : INT
  | lowerName (LPAREN (argument (COMMA argument)* COMMA?)? RPAREN)?
  | LPAREN dimensionSum RPAREN
  ;

// --- names

name : LOWER_NAME | UPPER_NAME | softKeyword ;
lowerName : LOWER_NAME | softKeyword ;
// Words with a meaning of their own in some places, and names everywhere else.
softKeyword : PARAM | RUN | POLICY | BUDGET | NATIVE | DERIVATIVE | OF | TEST | PLACE ;
bindingName : name | reserved ;
reserved : SCALAR | USE | STRUCT | FN | LET | VAR | FOR | IF | STATEMENT_IF | ELSE | AS | TRUE | FALSE ;

// --- tokens

USE : 'use' ;
STRUCT : 'struct' ;
FN : 'fn' ;
LET : 'let' ;
VAR : 'var' ;
FOR : 'for' ;
IN : 'in' ;
IF : 'if' ;
ELSE : 'else' ;
AS : 'as' ;
TRUE : 'true' ;
FALSE : 'false' ;
PARAM : 'param' ;
RUN : 'run' ;
POLICY : 'policy' ;
BUDGET : 'budget' ;
NATIVE : 'native' ;
DERIVATIVE : 'derivative' ;
OF : 'of' ;
TEST : 'test' ;
SCALAR
  : 'bool' | 'i8' | 'i16' | 'i32' | 'i64' | 'u8' | 'u16' | 'u32' | 'u64' | 'bf16' | 'f16' | 'f32' | 'f64' | 'str' | 'key'
  ;
PLACE : 'server' | 'clients' ;

UNDERSCORE : '_' ;
LOWER_NAME : '_'* [a-z] [A-Za-z0-9_]* | '_'+ [0-9] [A-Za-z0-9_]* | '_' '_'+ ;
UPPER_NAME : '_'* [A-Z] [A-Za-z0-9_]* ;

INT : DIGITS | '0x' [0-9a-fA-F_]+ | '0b' [01_]+ | '0o' [0-7_]+ ;
FLOAT : DIGITS '.' DIGITS EXPONENT? | DIGITS EXPONENT ;
BAD_NUMBER : [0-9] [0-9A-Za-z_]* ('.' [0-9] [0-9A-Za-z_]*)? ;
fragment DIGITS : [0-9] [0-9_]* ;
fragment EXPONENT : [eE] [+-]? [0-9] [0-9_]* ;

STRING : '"' (~["\\\r\n] | '\\' ~[\r\n])* '"' ;
UNCLOSED_STRING : '"' (~["\\\r\n] | '\\' ~[\r\n])* '\\'? ;

LBRACE : '{' ;
RBRACE : '}' ;
LPAREN : '(' ;
RPAREN : ')' ;
LBRACKET : '[' ;
RBRACKET : ']' ;
COMMA : ',' ;
SEMI : ';' ;
COLON : ':' ;
QUESTION : '?' ;
DOT : '.' ;
DOT_DOT : '..' ;
ARROW : '->' ;
ASSIGN : '=' ;
PLUS_ASSIGN : '+=' ;
MINUS_ASSIGN : '-=' ;
STAR_ASSIGN : '*=' ;
SLASH_ASSIGN : '/=' ;
PERCENT_ASSIGN : '%=' ;
AT_ASSIGN : '@=' ;
AMP_ASSIGN : '&=' ;
PIPE_ASSIGN : '|=' ;
CARET_ASSIGN : '^=' ;
SHIFT_LEFT_ASSIGN : '<<=' ;
SHIFT_RIGHT_ASSIGN : '>>=' ;
EQUAL : '==' ;
NOT_EQUAL : '!=' ;
LESS_EQUAL : '<=' ;
GREATER_EQUAL : '>=' ;
LT : '<' ;
GT : '>' ;
SHIFT_LEFT : '<<' ;
PLUS : '+' ;
MINUS : '-' ;
STAR : '*' ;
SLASH : '/' ;
PERCENT : '%' ;
AT : '@' ;
AMP : '&' ;
PIPE : '|' ;
CARET : '^' ;
AND_AND : '&&' ;
OR_OR : '||' ;
NOT : '!' ;

DOC : '///' (~[/\r\n] ~[\r\n]*)? -> channel(2) ;
LINE_COMMENT : '//' ~[\r\n]* -> channel(3) ;
BLOCK_COMMENT : '/*' .*? '*/' -> channel(3) ;
UNCLOSED_COMMENT : '/*' (~'*' | '*'+ ~[*/])* '*'* ;
SPACE : [ \t\r\n]+ -> skip ;
UNKNOWN : . ;
